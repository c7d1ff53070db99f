// The real sandbox for tests, made once a process; and what a test may leave behind. Tests only.
#ifndef BONSAI_EVALUATOR_SANDBOX_SANDBOX_TESTING_H_
#define BONSAI_EVALUATOR_SANDBOX_SANDBOX_TESTING_H_

#include <string>

#include "absl/status/statusor.h"
#include "evaluator/sandbox/sandbox.h"

namespace bonsai {

// Or why there can be none on this machine.
absl::StatusOr<Sandbox*> SandboxForTests();

// Whether any process of this machine has `word` in its command line (this process's own does not count).
bool SomeProcessSays(const std::string& word);

}  // namespace bonsai

// Sets `sandbox` or skips the test with a line that ./test collects.
#define BONSAI_FIND_SANDBOX(sandbox)                                                       \
  const absl::StatusOr<bonsai::Sandbox*> sandbox##_or_why = bonsai::SandboxForTests();     \
  if (!sandbox##_or_why.ok()) {                                                            \
    GTEST_SKIP() << "skipped: no sandbox (" << sandbox##_or_why.status().message() << ")"; \
  }                                                                                        \
  bonsai::Sandbox& sandbox = **sandbox##_or_why

#endif  // BONSAI_EVALUATOR_SANDBOX_SANDBOX_TESTING_H_
