// The queues that the configuration names, what their running jobs hold, and what quotas still allow.
//
// Used by the Dispatcher and at submission; single-threaded.
#ifndef BONSAI_COORDINATOR_SCHEDULER_QUEUE_TABLE_H_
#define BONSAI_COORDINATOR_SCHEDULER_QUEUE_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/config.pb.h"
#include "bonsai/v1/job.pb.h"
#include "coordinator/scheduler/fair_share.h"

namespace bonsai {

class QueueTable {
 public:
  using Queue = uint32_t;

  // "default" is there without being named.
  explicit QueueTable(const std::vector<v1::QueueConfig>& queues);

  // A queue that the configuration does not name any more counts as one of priority 0 without bounds: jobs of
  // it may be in the store.
  Queue Find(absl::string_view name);
  const v1::QueueConfig& config(Queue queue) const { return queues_[queue].config; }

  void Hold(Queue queue, uint64_t cpus) { queues_[queue].cpus += cpus; }
  void Release(Queue queue, uint64_t cpus) { queues_[queue].cpus -= std::min(queues_[queue].cpus, cpus); }
  uint64_t cpus(Queue queue) const { return queues_[queue].cpus; }

  // InvalidArgument names the queues there are; PermissionDenied one that is another tenant's.
  absl::Status CheckQueue(absl::string_view queue, absl::string_view tenant) const;
  // The queue's bound, which a job could never start within. InvalidArgument says so.
  absl::Status CheckJob(const v1::JobSpec& spec, absl::string_view queue) const;

 private:
  struct Entry {
    v1::QueueConfig config;
    bool known = true;
    uint64_t cpus = 0;
  };

  std::vector<Entry> queues_;
  absl::btree_map<std::string, Queue> by_name_;
};

// Whether the tenant's artifacts take all that its quota allows.
bool StorageIsFull(const FairShare& shares, FairShare::Tenant tenant);

// How many ranks of this need a tenant and a queue may start beside what they hold; at most `wanted`.
// `beside_kept`: and beside what is kept for the tenant, in whatever queue.
uint32_t RanksAllowed(uint64_t cpus, uint64_t gpus, uint32_t wanted, const FairShare& shares,
                      FairShare::Tenant tenant, const QueueTable& queues, QueueTable::Queue queue,
                      bool beside_kept = false);

// Which bound keeps one more such job from starting, for people; empty if none does.
std::string DescribeBound(uint64_t cpus, uint64_t gpus, const FairShare& shares, FairShare::Tenant tenant,
                          const QueueTable& queues, QueueTable::Queue queue);

// Whether the job could ever start under its tenant's quotas. InvalidArgument says what is too large.
absl::Status CheckQuota(const v1::JobSpec& spec, const v1::TenantConfig& tenant);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_QUEUE_TABLE_H_
