// The real sandbox: bubblewrap (Debian's package) with namespaces of its own for users, processes, network,
// mounts, IPC and host name, our system call filter, resource limits and a clock.
//
// What runs in it sees the interpreter's own files (interpreter_files.h), /dev/null and an empty /tmp in
// memory, all but /tmp read-only; no /proc, no home, no work folder, no device, no network interface. It is a
// user who owns nothing, without capabilities, and cannot gain any. It cannot: open a socket, see or signal a
// process outside, trace, mount, make a namespace. It can: use its processors until its time is up, and
// memory for limits.processes * limits.memory_bytes at worst. What the kernel or the processor themselves
// leak (timing, bugs of the kernel below the allowed calls) it does not contain.
//
// Made once by the evaluation runner. Where bubblewrap or user namespaces cannot be had, there is no sandbox:
// nothing runs a program without one. Thread-safe.
#ifndef BONSAI_EVALUATOR_SANDBOX_BUBBLEWRAP_SANDBOX_H_
#define BONSAI_EVALUATOR_SANDBOX_BUBBLEWRAP_SANDBOX_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluator/sandbox/sandbox.h"

namespace bonsai {

struct BubblewrapOptions {
  std::string bubblewrap = "/usr/bin/bwrap";
  std::string python = "/usr/bin/python3";
};

class BubblewrapSandbox : public Sandbox {
 public:
  // Runs a script that tries the walls. FailedPrecondition says why there can be no sandbox here and what
  // would help.
  static absl::StatusOr<std::unique_ptr<BubblewrapSandbox>> Create(const BubblewrapOptions& options = {});

  absl::StatusOr<SandboxEnd> Run(const SandboxTask& task) override;

 private:
  BubblewrapSandbox() = default;

  std::vector<std::string> argv_;  // up to the size of /tmp
  std::string program_;            // the interpreter
  std::string filter_;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SANDBOX_BUBBLEWRAP_SANDBOX_H_
