#include "evaluator/sandbox/machine_code_judge.h"

#include <utility>

#include "evaluator/sandbox/bubblewrap_sandbox.h"
#include "evaluator/sandbox/python_code_judge.h"

namespace bonsai {

absl::Status MachineCodeJudge::Prepare() {
  if (sandbox_ != nullptr) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<BubblewrapSandbox>> made = BubblewrapSandbox::Create();
  if (!made.ok()) return made.status();
  sandbox_ = *std::move(made);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<CodeVerdict>> MachineCodeJudge::JudgeAll(std::span<const CodeProgram> programs,
                                                                    const CodeProgress& progress) {
  if (programs.empty()) return std::vector<CodeVerdict>();
  if (absl::Status status = Prepare(); !status.ok()) return status;
  return PythonCodeJudge(*sandbox_, threads_).JudgeAll(programs, progress);
}

}  // namespace bonsai
