// Pipelines that are submitted again and again, and when. Of each due time one submission, whatever happens:
// the time of the next one is part of the record that is committed together with what was submitted, and the
// request id names the schedule and the time.
//
// An input "@last:<job>" is filled in when the pipeline is submitted (last_outputs.h).
//
// Times are late after downtime, and where the last submission had to end first. What then becomes of them is
// the schedule's catch_up.
//
// Used by the Scheduler alone; single-threaded.
#ifndef BONSAI_COORDINATOR_SCHEDULER_SCHEDULE_TABLE_H_
#define BONSAI_COORDINATOR_SCHEDULER_SCHEDULE_TABLE_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bonsai/v1/job.pb.h"
#include "coordinator/scheduler/scheduler.h"

namespace bonsai {

// What the table needs of the Scheduler.
struct ScheduleHost {
  // Takes a submission in; the pipeline's id.
  std::function<absl::StatusOr<std::string>(const PipelineSubmitted&)> submit;
  // Whether every job of the pipeline has ended; true for one that is not known.
  std::function<bool(const std::string& pipeline_id)> ended;
  std::function<bool(const std::string& artifact_id)> has_artifact;
  // The output of the job of that name in the newest run of the schedule in which it is done; empty: none.
  std::function<std::string(const v1::ScheduleRecord& schedule, const std::string& job)> last_output;
};

class ScheduleTable {
 public:
  static constexpr size_t kSchedulesMax = 1000;
  static constexpr size_t kCatchUpMax = 100;

  ScheduleTable() = default;
  explicit ScheduleTable(const std::map<std::string, v1::ScheduleRecord>& records);

  // Makes a schedule, or replaces the tenant's own. InvalidArgument names the field; AlreadyExists (another
  // tenant's); ResourceExhausted.
  absl::StatusOr<v1::ScheduleRecord> Put(absl::Time now, const SchedulePut& event);
  // NotFound, also for another tenant's unless the actor is an admin.
  absl::Status Drop(const ScheduleDeleted& event);

  // Submits what is due.
  void Run(absl::Time now, const ScheduleHost& host);
  // When something is due next; InfiniteFuture: nothing is. A schedule that waits for the end of its last
  // pipeline has no such time.
  absl::Time NextDue() const;

  std::vector<v1::ScheduleRecord> List() const;
  // Since the last call. A name is in one of them at most.
  std::vector<v1::ScheduleRecord> TakeChanged();
  std::vector<std::string> TakeDropped();

 private:
  void RunOne(absl::Time now, const ScheduleHost& host, v1::ScheduleRecord& record);
  // Why the time submitted nothing; empty: it did.
  std::string Submit(absl::Time due, const ScheduleHost& host, v1::ScheduleRecord& record);
  void Index(const v1::ScheduleRecord& record);

  absl::btree_map<std::string, v1::ScheduleRecord> schedules_;
  absl::btree_set<std::pair<int64_t, std::string>> due_;  // next_unix_ms and name, of those that do not wait
  absl::btree_set<std::string> blocked_;                  // due, but the last pipeline has to end first
  absl::btree_set<std::string> changed_;
  absl::btree_set<std::string> dropped_;
};

// With which the request ids of the schedule's submissions begin; the time of each, in seconds, follows.
std::string ScheduleRequestPrefix(const std::string& schedule);

// The newest due times from `from`, which is one, to `now`: at most `limit`, in order.
std::vector<absl::Time> DueTimes(const std::string& cron, absl::Time from, absl::Time now, size_t limit);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_SCHEDULE_TABLE_H_
