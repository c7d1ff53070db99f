// One bubblewrap process from its start to the death of everything below it: started as a user who owns
// nothing, under resource limits, its output and report read with a bound, killed when its time is up.
//
// Used by BubblewrapSandbox, from any thread; the thread lives until Run returns (bubblewrap dies with it).
#ifndef BONSAI_EVALUATOR_SANDBOX_SANDBOXED_PROCESS_H_
#define BONSAI_EVALUATOR_SANDBOX_SANDBOXED_PROCESS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluator/sandbox/sandbox.h"

namespace bonsai {

// Where bubblewrap finds its system call filter, and where it says which process is the sandbox's first.
inline constexpr int kSandboxFilterFd = 4;
inline constexpr int kSandboxInfoFd = 5;

struct SandboxedProcess {
  std::vector<std::string> argv;         // argv[0] is bubblewrap's path
  std::vector<std::string> environment;  // "NAME=value"; all of it
  std::string filter;                    // the BPF program, readable on kSandboxFilterFd
  std::string input;
  SandboxLimits limits;

  // Runs it to its end and waits until the kernel has ended every process of the sandbox. Internal names what
  // could not be done.
  absl::StatusOr<SandboxEnd> Run() const;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SANDBOX_SANDBOXED_PROCESS_H_
