// The seam between a suite whose answers are programs and what runs them: a judge says of each program
// whether it passes its tests. It is not pure (it runs code), so a suite only makes CodePrograms; whoever
// holds the judge (the evaluation runner) has them judged and hands the verdicts back.
//
// Implementations: PythonCodeJudge (in a sandbox, and nowhere else), FakeCodeJudge (tests). One call at a
// time.
#ifndef BONSAI_EVALUATOR_CODE_JUDGE_H_
#define BONSAI_EVALUATOR_CODE_JUDGE_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace bonsai {

struct CodeProgram {
  std::string program;      // the model's: prompt and completion
  std::string entry_point;  // the function of it that is tested
  std::string setup;        // what the tests may use besides: the prompt, which is the suite's own
  std::string test;         // defines check(candidate)

  friend bool operator==(const CodeProgram&, const CodeProgram&) = default;
};

struct CodeVerdict {
  bool passed = false;
  std::string why;  // "passed", "out of time", "a test raised AssertionError"

  friend bool operator==(const CodeVerdict&, const CodeVerdict&) = default;
};

// Told now and then how many programs of the call are judged. A status other than OK ends the call with it.
using CodeProgress = std::function<absl::Status(uint64_t done)>;

class CodeJudge {
 public:
  virtual ~CodeJudge() = default;

  // One verdict per program, in their order. Whatever a program does, it costs it its own verdict at most;
  // errors are the sandbox's (as Sandbox::Run) or what `progress` returned.
  virtual absl::StatusOr<std::vector<CodeVerdict>> JudgeAll(std::span<const CodeProgram> programs,
                                                            const CodeProgress& progress) = 0;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_CODE_JUDGE_H_
