// What the jobs of a simulation do, and what is counted of them.
//
// Used by RunSimulation; single-threaded.
#ifndef BONSAI_COORDINATOR_SIMULATE_SIMULATED_WORK_H_
#define BONSAI_COORDINATOR_SIMULATE_SIMULATED_WORK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bonsai/v1/simulation.pb.h"
#include "coordinator/scheduler/virtual_cluster.h"
#include "coordinator/simulate/arrivals.h"
#include "coordinator/simulate/group_figures.h"
#include "coordinator/simulate/share_meter.h"

namespace bonsai {

class SimulatedWork : public VirtualWork {
 public:
  // `simulation` outlives this.
  SimulatedWork(const v1::Simulation& simulation, absl::Time start, absl::Time end);

  // The next record that is not known is this job's.
  void Expect(const Arrival& arrival);
  // It was refused.
  void Refuse(const Arrival& arrival);

  absl::Duration Start(const v1::JobRecord& job, absl::Time now) override;
  absl::Duration Leave(const v1::JobRecord& job, absl::Duration ran) override;
  void Observe(const v1::JobRecord& job, absl::Time now) override;

  // Jobs that have not ended.
  size_t unended() const { return jobs_.size(); }
  // The first of them that never started.
  std::vector<std::string> Unstarted(size_t most) const;
  v1::SimulationReport Report(absl::Time now);

 private:
  struct Job {
    const v1::JobStream* stream = nullptr;
    absl::Time submitted;
    absl::Duration left;  // with all the ranks it asks for
    size_t tenant = 0;
    size_t queue = 0;
    uint32_t ranks = 0;  // that it has now
    absl::Time since;    // it has them
    bool started = false;
    bool waits = false;
  };

  size_t TenantOf(const v1::JobStream& stream);
  size_t QueueOf(const v1::JobStream& stream);
  Job& Find(const v1::JobRecord& record);
  void Release(Job& job, absl::Time now);
  void CountLoss(const Job& job, absl::Duration held);

  const v1::Simulation& simulation_;
  const absl::Time end_;
  ShareMeter meter_;
  std::vector<GroupFigures> tenants_;
  std::vector<GroupFigures> queues_;
  absl::flat_hash_map<std::string, size_t> tenant_by_name_;
  absl::flat_hash_map<std::string, size_t> queue_by_name_;
  absl::flat_hash_map<std::string, Job> jobs_;  // that have not ended, by id
  Job expected_;
};

// How many ranks the stream's jobs ask for.
uint32_t RanksAsked(const v1::JobStream& stream);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SIMULATE_SIMULATED_WORK_H_
