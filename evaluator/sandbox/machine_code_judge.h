// The code judge of this machine: makes its sandbox when programs are first to be judged, so that an
// evaluation without programs needs none, and refuses to judge where there can be no sandbox.
//
// Made once by the evaluation runner; one call at a time.
#ifndef BONSAI_EVALUATOR_SANDBOX_MACHINE_CODE_JUDGE_H_
#define BONSAI_EVALUATOR_SANDBOX_MACHINE_CODE_JUDGE_H_

#include <memory>
#include <span>
#include <vector>

#include "evaluator/code_judge.h"
#include "evaluator/sandbox/sandbox.h"

namespace bonsai {

class MachineCodeJudge : public CodeJudge {
 public:
  // threads > 0: programs that run at a time.
  explicit MachineCodeJudge(int threads) : threads_(threads) {}

  // FailedPrecondition says why there can be no sandbox. For who wants to know before a model is asked for
  // hours.
  absl::Status Prepare();

  // As PythonCodeJudge; as Prepare.
  absl::StatusOr<std::vector<CodeVerdict>> JudgeAll(std::span<const CodeProgram> programs,
                                                    const CodeProgress& progress) override;

 private:
  const int threads_;
  std::unique_ptr<Sandbox> sandbox_;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SANDBOX_MACHINE_CODE_JUDGE_H_
