// What must hold after every step of a simulation, told from the records that are kept, the ledger of what
// really happened, and what clients were told.
#ifndef BONSAI_TESTS_SIMULATION_INVARIANTS_H_
#define BONSAI_TESTS_SIMULATION_INVARIANTS_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "coordinator/scheduler/scheduler.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/simulated_worker.h"

namespace bonsai {

class Invariants {
 public:
  explicit Invariants(Ledger& ledger) : ledger_(ledger) {}

  // A client was told so.
  void Acknowledged(const std::string& request_id, const v1::SubmitPipelineResponse& response);
  void Acknowledged(const v1::CancelResponse& response);

  void CheckRecords(const Records& kept);
  void CheckWorkers(const std::vector<std::unique_ptr<SimulatedWorker>>& workers, absl::Time now,
                    absl::Duration lease);

 private:
  void Violated(const std::string& what) { ledger_.violations.push_back(what); }
  void CheckAttempts(const v1::JobRecord& job);
  void CheckOutput(const v1::JobRecord& job, const Records& kept);
  void CheckEnded(const v1::JobRecord& job);

  Ledger& ledger_;
  std::map<std::string, v1::SubmitPipelineResponse> submitted_;  // by request id
  std::map<std::string, std::string> requests_;                  // by pipeline id
  std::set<std::string> cancelled_;
  std::map<std::string, std::string> ended_;  // job id to its state and output
};

}  // namespace bonsai

#endif  // BONSAI_TESTS_SIMULATION_INVARIANTS_H_
