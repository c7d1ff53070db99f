// The runner processes of a worker: starts them as the table says, reads their events, and tells the table
// what became of them.
//
// Owned by the Agent and used on its process thread only (runners die with that thread, see
// runner_process.h).
#ifndef BONSAI_WORKER_AGENT_RANK_PROCESSES_H_
#define BONSAI_WORKER_AGENT_RANK_PROCESSES_H_

#include <poll.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bonsai/v1/config.pb.h"
#include "runner/event_stream.h"
#include "worker/agent/artifact_courier.h"
#include "worker/agent/gpu_ledger.h"
#include "worker/agent/metrics.h"
#include "worker/agent/rank_board.h"
#include "worker/agent/rank_folder.h"
#include "worker/agent/runner_process.h"

namespace bonsai {

class RankProcesses {
 public:
  // All outlive this. `courier` is null where the worker shares the coordinator's storage.
  RankProcesses(const v1::WorkerConfig& config, RankBoard& board, AgentMetrics& metrics, GpuLedger& gpus,
                ArtifactCourier* courier)
      : config_(config), board_(board), metrics_(metrics), gpus_(gpus), courier_(courier) {}

  void Do(const RankAction& action);
  // Adds the pipes on which events may come.
  void AddEvents(std::vector<pollfd>& fds) const;
  // Reads what has come, and notes processes that have ended. Never waits.
  void Observe();
  // Takes over what the courier has finished.
  void ObserveCourier();

 private:
  struct Rank {
    RankFolder folder;
    std::string kind;
    std::string rendezvous_dir;              // to be removed with the rank; empty if another worker does
    std::unique_ptr<RunnerProcess> process;  // null once it has ended
    EventReader reader;
    bool events_ended = false;
    int samples_fd = -1;
    std::optional<ProcessEnd> end;  // not said yet: what it wrote is on its way to the coordinator
  };

  void StartOrFail(const RankKey& key, const v1::Task& task);
  absl::Status Start(const RankKey& key, v1::Task task);
  // Fills in what is this worker's to say, and makes the folder where ranks meet.
  absl::Status Complete(const RankKey& key, Rank& rank, v1::Task& task);
  void FailStart(const RankKey& key, const v1::Task& task, absl::string_view message,
                 v1::RankReport::Exit exit);
  void Forget(const RankKey& key);
  void ReadEvents(const RankKey& key, Rank& rank);
  void Note(const RankKey& key, Rank& rank, const v1::RunnerEvent& event);
  // The event is the coordinator's to know.
  void Tell(const RankKey& key, const v1::RunnerEvent& event);
  void OnDelivered(const RankKey& key, const v1::RunnerEvent& event, const absl::Status& status);
  void End(const RankKey& key, Rank& rank, ProcessEnd end);

  const v1::WorkerConfig& config_;
  RankBoard& board_;
  AgentMetrics& metrics_;
  GpuLedger& gpus_;
  ArtifactCourier* const courier_;
  std::map<RankKey, Rank> ranks_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_RANK_PROCESSES_H_
