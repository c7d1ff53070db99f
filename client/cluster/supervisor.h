// Keeps a few processes running: one that ends is started again, later each time, and a line says so.
//
// Called by LocalCluster, which waits for signals and passes the time in. One thread; processes die with it.
#ifndef BONSAI_CLIENT_CLUSTER_SUPERVISOR_H_
#define BONSAI_CLIENT_CLUSTER_SUPERVISOR_H_

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace bonsai {

struct ChildSpec {
  std::string name;  // for people: "worker-1"
  std::vector<std::string> arguments;
  std::string log_path;
};

class Supervisor {
 public:
  struct Options {
    absl::Duration backoff_min = absl::Milliseconds(100);
    absl::Duration backoff_max = absl::Seconds(10);
    // A process that ran so long is taken to be well: its next restart is quick again.
    absl::Duration well_after = absl::Seconds(10);
    std::function<void(const std::string&)> say;  // one line
  };

  explicit Supervisor(Options options) : options_(std::move(options)) {}
  // Kills what still runs.
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  absl::Status Start(ChildSpec spec, absl::Time now);

  // Notes processes that have ended and plans when to start them again.
  void Reap(absl::Time now);
  // Starts again what is due.
  void RestartDue(absl::Time now);

  // How often in a row the process ended before it was well.
  int QuickEnds(const std::string& name) const;

  // Asks (SIGTERM) the processes whose names `chosen` accepts to end, and kills (SIGKILL) their groups when
  // they have not after `bound`, or as soon as `hurry` returns true. They are not started again.
  void Stop(const std::function<bool(const std::string&)>& chosen, absl::Duration bound,
            const std::function<bool()>& hurry);

 private:
  struct Child {
    ChildSpec spec;
    pid_t pid = 0;  // 0: does not run
    absl::Time started;
    absl::Time restart_at = absl::InfiniteFuture();
    int quick_ends = 0;
  };

  void NoteEnd(Child& child, int wait_status, absl::Time now);
  bool AnyRuns(const std::function<bool(const std::string&)>& chosen) const;

  const Options options_;
  std::vector<Child> children_;
};

}  // namespace bonsai

#endif  // BONSAI_CLIENT_CLUSTER_SUPERVISOR_H_
