// What operators said of workers: on which nothing new starts (cordoned), and from which what runs is to
// leave as well (drained). A worker may be named before it has ever connected.
//
// Used by the Scheduler alone; single-threaded.
#ifndef BONSAI_COORDINATOR_SCHEDULER_CORDON_TABLE_H_
#define BONSAI_COORDINATOR_SCHEDULER_CORDON_TABLE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bonsai/v1/coordinator.pb.h"
#include "bonsai/v1/job.pb.h"

namespace bonsai {

class CordonTable {
 public:
  CordonTable() = default;
  explicit CordonTable(const std::map<std::string, v1::WorkerRecord>& records)
      : records_(records.begin(), records.end()) {}

  // The worker's record as it is now; without cordon or drain after UNCORDON. InvalidArgument names the
  // field; ResourceExhausted for one record too many.
  absl::StatusOr<v1::WorkerRecord> Set(const v1::SetWorkerRequest& request, absl::string_view actor,
                                       absl::Time now);

  // nullptr for a worker of which nothing was said.
  const v1::WorkerRecord* Find(absl::string_view worker_id) const;
  const absl::btree_map<std::string, v1::WorkerRecord>& all() const { return records_; }

  // The records that changed since the last call; one without cordon or drain is to be dropped.
  std::vector<v1::WorkerRecord> TakeChanged();

 private:
  absl::btree_map<std::string, v1::WorkerRecord> records_;
  std::vector<v1::WorkerRecord> changed_;
};

// "is drained by ada: new disk"
std::string DescribeCordon(const v1::WorkerRecord& record);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_CORDON_TABLE_H_
