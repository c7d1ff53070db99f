// What must hold after every step of a simulation, told from the records that are kept, the ledger of what
// really happened, and what clients were told.
#ifndef BONSAI_TESTS_SIMULATION_INVARIANTS_H_
#define BONSAI_TESTS_SIMULATION_INVARIANTS_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "coordinator/scheduler/scheduler.h"
#include "coordinator/store/record_store.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/simulated_worker.h"

namespace bonsai {

class Invariants {
 public:
  explicit Invariants(Ledger& ledger) : ledger_(ledger) {}

  // A client was told so.
  void Acknowledged(const std::string& request_id, const v1::SubmitPipelineResponse& response);
  void Acknowledged(const v1::CancelResponse& response);
  // What an operator was answered is kept already.
  void CheckAnswer(const Event& event, const Action& answer, const Records& kept);

  // Somebody asks that what has failed or was cancelled runs again: it may, from now on.
  void MayRunAgain(const std::string& id);

  // A batch that was kept, and all that is kept since: what it says of each job, and that its history goes
  // on.
  void CheckBatch(const RecordBatch& batch, const Records& kept);
  // All that was ever acknowledged is kept.
  void CheckAcknowledged(const Records& kept);
  // A rank is about to start on a worker: its attempt is on record as a whole, and it is told of all
  // checkpoints on record, the newest first.
  void CheckStart(const v1::Task& task, const std::string& worker_id, const Records& kept);
  void CheckWorkers(const std::vector<std::unique_ptr<SimulatedWorker>>& workers, absl::Time now,
                    absl::Duration lease);

 private:
  void Violated(const std::string& what) { ledger_.violations.push_back(what); }
  void CheckHistory(const RecordBatch& batch);
  void CheckArtifacts(const RecordBatch& batch, const Records& kept);
  void CheckAttempts(const v1::JobRecord& job);
  void CheckCheckpoints(const v1::JobRecord& job);
  void CheckResume(const v1::Task& task, const v1::JobRecord& job);
  void CheckOutput(const v1::JobRecord& job, const Records& kept);
  void CheckEnded(const v1::JobRecord& job);

  Ledger& ledger_;
  std::map<std::string, v1::SubmitPipelineResponse> submitted_;  // by request id
  std::map<std::string, std::string> requests_;                  // by pipeline id
  std::set<std::string> cancelled_;
  std::map<std::string, std::string> ended_;  // job id to its state and output
  std::map<uint64_t, std::string> job_sequences_;
  std::map<std::string, uint64_t> sequences_;  // by job id
  std::map<uint64_t, std::string> artifact_sequences_;
  std::map<std::string, std::set<std::string>> checkpoints_;  // job id to those that were ever on its record
  using Age = std::pair<uint32_t, uint64_t>;                  // of a checkpoint: its attempt and step
  std::map<std::string, Age> newest_;             // by job id: of those that were ever on its record
  std::map<std::string, uint32_t> last_attempt_;  // by job id
  std::map<std::string, uint64_t> history_;       // job id to the number of its last entry
};

}  // namespace bonsai

#endif  // BONSAI_TESTS_SIMULATION_INVARIANTS_H_
