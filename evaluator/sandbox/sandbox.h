// The seam between what judges programs and what runs them: a sandbox runs one Python script to its end with
// no network, no view of the machine's files, a private folder that goes with it, and limits on everything.
// A model's code runs nowhere else.
//
// Implementations: BubblewrapSandbox, FakeSandbox (tests). Run may be called from several threads at once; a
// thread must live until its Run returns.
#ifndef BONSAI_EVALUATOR_SANDBOX_SANDBOX_H_
#define BONSAI_EVALUATOR_SANDBOX_SANDBOX_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace bonsai {

struct SandboxLimits {
  absl::Duration wall = absl::Seconds(30);      // then everything in it is killed
  uint32_t cpu_seconds = 3;                     // of each process
  uint64_t memory_bytes = uint64_t{512} << 20;  // address space of each process
  uint32_t processes = 16;                      // and threads, together
  uint64_t folder_bytes = uint64_t{16} << 20;   // of /tmp, the only place to write; also of each file
  uint64_t output_bytes = uint64_t{64} << 10;   // kept of what it prints; the rest is read and dropped
};

// The descriptor on which a script finds a pipe for its report.
inline constexpr int kSandboxReportFd = 3;

struct SandboxTask {
  std::string script;  // Python, at most 100,000 bytes
  std::string input;   // what it reads on its standard input
  SandboxLimits limits;
};

struct SandboxEnd {
  int exit_code = 0;  // 128 + signal if a signal ended it
  bool timed_out = false;
  std::string output;  // the first limits.output_bytes of stdout and stderr together
  std::string report;  // the same of what was written to kSandboxReportFd
};

class Sandbox {
 public:
  virtual ~Sandbox() = default;

  // Runs the script; nothing of it is left when this returns. How it ended is in the result; errors are about
  // the sandbox: FailedPrecondition or Internal if the script could not be started in it.
  virtual absl::StatusOr<SandboxEnd> Run(const SandboxTask& task) = 0;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SANDBOX_SANDBOX_H_
