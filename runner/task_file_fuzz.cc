// Task files may come from people: any bytes are a task or one clear error.
#include <cstdint>
#include <cstdlib>

#include "runner/task_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto task = bonsai::ParseTask(absl::string_view(reinterpret_cast<const char*>(data), size), "task");
  if (!task.ok()) {
    if (task.status().message().empty()) std::abort();
    return 0;
  }
  if (bonsai::JobKind(task->spec()).empty() || task->rank() >= task->ranks()) std::abort();
  return 0;
}
