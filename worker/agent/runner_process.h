// A runner's process: started in a process group of its own, its output in a file, its events on a pipe.
//
// Used by RankProcesses, on the thread that lives as long as the agent: the kernel ends a runner when the
// *thread* that started it ends (PR_SET_PDEATHSIG). Not thread-safe.
#ifndef BONSAI_WORKER_AGENT_RUNNER_PROCESS_H_
#define BONSAI_WORKER_AGENT_RUNNER_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/agent/rank_table.h"

namespace bonsai {

// The descriptor on which a runner finds the pipe for its events.
inline constexpr int kRunnerEventsFd = 3;

struct ProcessSpec {
  std::string program;
  std::vector<std::string> arguments;    // without the program's name
  std::vector<std::string> environment;  // "NAME=value", on top of this process's own
  std::string work_dir;
  std::string log_file;
  std::string pid_file;
};

class RunnerProcess {
 public:
  // NotFound if the program is not there; Internal or ResourceExhausted names what failed. Nothing runs then.
  static absl::StatusOr<std::unique_ptr<RunnerProcess>> Start(const ProcessSpec& spec);
  // Kills what still runs.
  ~RunnerProcess();
  RunnerProcess(const RunnerProcess&) = delete;
  RunnerProcess& operator=(const RunnerProcess&) = delete;

  pid_t pid() const { return pid_; }
  // Where its events can be read, without waiting.
  int events_fd() const { return events_fd_; }

  // SIGTERM to the process.
  void Terminate();
  // SIGKILL to the process and all of its group.
  void KillGroup();
  // How it ended, if it has; what it left of its group is killed then.
  std::optional<ProcessEnd> Poll();

 private:
  RunnerProcess(pid_t pid, int events_fd) : pid_(pid), events_fd_(events_fd) {}

  const pid_t pid_;
  const int events_fd_;
  bool reaped_ = false;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_RUNNER_PROCESS_H_
