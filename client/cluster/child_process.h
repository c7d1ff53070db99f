// A process that is started with its output in a file, in a process group of its own, and that dies with the
// thread that started it.
//
// Called by Supervisor, on its one thread.
#ifndef BONSAI_CLIENT_CLUSTER_CHILD_PROCESS_H_
#define BONSAI_CLIENT_CLUSTER_CHILD_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace bonsai {

// Starts arguments[0] with stdin empty, stdout and stderr appended to the log. The kernel kills it (signal 9)
// when the calling thread ends, however that ends. Errors: the log or the program cannot be opened.
absl::StatusOr<pid_t> StartProcess(const std::vector<std::string>& arguments, const std::string& log_path);

// What waitpid's status says: "exit code 3", "signal 9 (Killed)".
std::string DescribeEnd(int wait_status);

// Kills (signal 9) and waits for all processes whose parent is this one: after PR_SET_CHILD_SUBREAPER, also
// those whose own parents died. Gives up after five seconds.
void KillAllChildren();

}  // namespace bonsai

#endif  // BONSAI_CLIENT_CLUSTER_CHILD_PROCESS_H_
