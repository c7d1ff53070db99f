#include "evaluator/sandbox/machine_code_judge.h"

#include <gtest/gtest.h>

#include "evaluator/sandbox/sandbox_testing.h"

namespace bonsai {
namespace {

absl::Status NoProgress(uint64_t) { return absl::OkStatus(); }

TEST(MachineCodeJudge, NeedsNoSandboxForNoPrograms) {
  MachineCodeJudge judge(1);
  EXPECT_TRUE(judge.JudgeAll({}, NoProgress)->empty());
}

TEST(MachineCodeJudge, JudgesInASandboxOrRefuses) {
  const CodeProgram program = {.program = "def f(): return 1",
                               .entry_point = "f",
                               .setup = "",
                               .test = "def check(candidate): assert candidate() == 1"};
  MachineCodeJudge judge(2);
  const auto verdicts = judge.JudgeAll({&program, 1}, NoProgress);
  const absl::StatusOr<Sandbox*> sandbox = SandboxForTests();
  ASSERT_EQ(verdicts.ok(), sandbox.ok()) << verdicts.status();
  EXPECT_EQ(judge.Prepare().ok(), sandbox.ok());
  if (verdicts.ok()) {
    EXPECT_TRUE(verdicts->at(0).passed) << verdicts->at(0).why;
  } else {
    EXPECT_EQ(verdicts.status().code(), absl::StatusCode::kFailedPrecondition);
  }
}

}  // namespace
}  // namespace bonsai
