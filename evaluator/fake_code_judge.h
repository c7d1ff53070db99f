// A CodeJudge that runs nothing: a program passes if it contains what the test says. Tests only.
#ifndef BONSAI_EVALUATOR_FAKE_CODE_JUDGE_H_
#define BONSAI_EVALUATOR_FAKE_CODE_JUDGE_H_

#include <string>
#include <utility>
#include <vector>

#include "evaluator/code_judge.h"

namespace bonsai {

class FakeCodeJudge : public CodeJudge {
 public:
  explicit FakeCodeJudge(std::string needed) : needed_(std::move(needed)) {}

  absl::StatusOr<std::vector<CodeVerdict>> JudgeAll(std::span<const CodeProgram> programs,
                                                    const CodeProgress& progress) override {
    std::vector<CodeVerdict> verdicts;
    for (const CodeProgram& program : programs) {
      const bool passed = program.program.find(needed_) != std::string::npos;
      verdicts.push_back({passed, passed ? "passed" : "a test raised AssertionError"});
      judged_.push_back(program);
      if (absl::Status status = progress(verdicts.size()); !status.ok()) return status;
    }
    return verdicts;
  }

  const std::vector<CodeProgram>& judged() const { return judged_; }

 private:
  const std::string needed_;
  std::vector<CodeProgram> judged_;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_FAKE_CODE_JUDGE_H_
