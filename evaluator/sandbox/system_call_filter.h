// The system calls that a program in a sandbox may make, as a BPF program for the kernel. An allow list: what
// a Python interpreter and its threads, files and children need. Not in it, among others: sockets of any
// kind, ptrace and other processes' memory and descriptors, namespaces, mounts, device nodes, changes of
// user, System V shared memory and anonymous files (which no limit would count), io_uring, keys, prctl.
//
// Called once by BubblewrapSandbox. A pure function.
#ifndef BONSAI_EVALUATOR_SANDBOX_SYSTEM_CALL_FILTER_H_
#define BONSAI_EVALUATOR_SANDBOX_SYSTEM_CALL_FILTER_H_

#include <string>

#include "absl/status/statusor.h"

namespace bonsai {

// The compiled program: an array of struct sock_filter. What is not allowed fails with EPERM (clone3, whose
// flags no filter can see, with ENOSYS, so that the C library uses clone); calls of another architecture
// kill. Internal if libseccomp cannot make it.
absl::StatusOr<std::string> CompileSystemCallFilter();

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SANDBOX_SYSTEM_CALL_FILTER_H_
