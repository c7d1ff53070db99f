// A Sandbox that runs nothing: it answers as the test says. Tests only; thread-safe if the function is.
#ifndef BONSAI_EVALUATOR_SANDBOX_FAKE_SANDBOX_H_
#define BONSAI_EVALUATOR_SANDBOX_FAKE_SANDBOX_H_

#include <functional>
#include <utility>

#include "evaluator/sandbox/sandbox.h"

namespace bonsai {

class FakeSandbox : public Sandbox {
 public:
  using Answer = std::function<absl::StatusOr<SandboxEnd>(const SandboxTask&)>;
  explicit FakeSandbox(Answer answer) : answer_(std::move(answer)) {}

  absl::StatusOr<SandboxEnd> Run(const SandboxTask& task) override { return answer_(task); }

 private:
  const Answer answer_;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SANDBOX_FAKE_SANDBOX_H_
