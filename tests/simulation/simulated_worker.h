// An agent and its runner processes, as the agent's contract has it: one request at a time; an answer to
// anything but the newest request is dropped; what is desired is started, what is not is stopped; exited
// ranks are reported until they are not desired; its processes die with it.
#ifndef BONSAI_TESTS_SIMULATION_SIMULATED_WORKER_H_
#define BONSAI_TESTS_SIMULATION_SIMULATED_WORKER_H_

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "bonsai/v1/worker.pb.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/random.h"

namespace bonsai {

struct SimulatedProcess {
  v1::Task task;
  absl::Time ends;
  v1::RankReport report;  // what the agent says of it
  bool stopping = false;
  bool fenced = false;  // its worker's lease has ended since it was started, or nothing was heard of it for
                        // a lease after the coordinator was started
  // A coordinator that was started then has not heard of it yet.
  absl::Time unheard_since = absl::InfiniteFuture();
  bool hangs = false;  // it does nothing and reports no progress, until it is stopped
  uint64_t step = 0;   // of its newest checkpoint, or the one that it resumed at
  uint64_t progress = 0;

  bool alive() const { return report.phase() != v1::RankReport::EXITED; }
};

class SimulatedWorker {
 public:
  // Each checkpoint is damaged later with this chance.
  SimulatedWorker(std::string id, uint32_t cpus, bool device, double damage, Ledger& ledger, Random& random);

  const std::string& id() const { return id_; }
  const v1::WorkerOffer& offer() const { return offer_; }
  const std::map<RankId, SimulatedProcess>& processes() const { return processes_; }

  // Whether the agent that drew this session is alive.
  bool IsSession(const std::string& session) const;

  // Processes go on and end. With faults they may fail.
  void Run(absl::Time now, bool faults);
  // What the agent says now.
  v1::SynchronizeRequest MakeRequest();
  // The tasks that it starts for this answer.
  std::vector<v1::Task> TakeAnswer(const v1::SynchronizeRequest& request,
                                   const v1::SynchronizeResponse& response, absl::Time now);
  // The coordinator got a request: if it is none that comes late, the lease runs from now.
  void Heard(const v1::SynchronizeRequest& request, absl::Time now, absl::Duration lease);
  // The coordinator has crashed, and no longer knows which request was the newest.
  void Unheard() { heard_sequence_ = 0; }
  // The next coordinator gives what runs a lease to be reported: what comes late and was sent before it ran
  // says nothing of it.
  void CoordinatorStarted(absl::Time now);
  // The next coordinator's clock is this much ahead of the last one's.
  void ShiftHeard(absl::Duration by) { heard_ += by; }
  bool LeaseEnded(const SimulatedProcess& process, absl::Time now, absl::Duration lease) const {
    return now - heard_ >= lease || now - process.unheard_since >= lease;
  }

  // Agent and processes die; another agent of the same id starts.
  void Restart();
  void Leave(absl::Time now);

  absl::Time next_request;
  absl::Time silent_until;  // partitioned, or stopped by a debugger: runs, and says nothing

 private:
  void Start(const v1::Task& task, absl::Time now);
  void WriteCheckpoint(SimulatedProcess& process);
  void End(SimulatedProcess& process, bool faults);

  const std::string id_;
  const double damage_;
  v1::WorkerOffer offer_;
  Ledger& ledger_;
  Random& random_;
  int session_ = 1;
  uint64_t sequence_ = 0;
  bool leaving_ = false;
  bool faults_ = true;
  absl::Time heard_;
  uint64_t heard_sequence_ = 0;
  std::map<RankId, SimulatedProcess> processes_;
};

}  // namespace bonsai

#endif  // BONSAI_TESTS_SIMULATION_SIMULATED_WORKER_H_
