#include "evaluator/sandbox/sandbox_testing.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "evaluator/sandbox/bubblewrap_sandbox.h"

namespace bonsai {

absl::StatusOr<Sandbox*> SandboxForTests() {
  static const absl::StatusOr<std::unique_ptr<BubblewrapSandbox>>& made =
      *new absl::StatusOr<std::unique_ptr<BubblewrapSandbox>>(BubblewrapSandbox::Create());
  if (!made.ok()) return made.status();
  return made->get();
}

bool SomeProcessSays(const std::string& word) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    if (entry.path().filename() == std::to_string(getpid())) continue;
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    const std::string words((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (words.find(word) != std::string::npos) return true;
  }
  return false;
}

}  // namespace bonsai
