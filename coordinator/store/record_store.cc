#include "coordinator/store/record_store.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

absl::Status MissingId(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("record batch: ", what, " has no id"));
}

template <typename Record>
absl::Status CheckIds(const std::vector<Record>& records, absl::string_view what) {
  for (const Record& record : records) {
    if (record.id().empty()) return MissingId(what);
  }
  return absl::OkStatus();
}

absl::Status CheckHistory(const std::vector<v1::HistoryEntry>& history) {
  for (const v1::HistoryEntry& entry : history) {
    if (entry.job_id().empty()) return MissingId("a history entry's job");
    // Keys end a job's id with a zero byte.
    if (entry.job_id().find('\0') != std::string::npos) {
      return absl::InvalidArgumentError("record batch: a history entry's job id holds a zero byte");
    }
    if (entry.number() == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("record batch: a history entry of ", entry.job_id(), " has no number"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

void RecordBatch::DropWorker(const std::string& id) {
  workers.erase(std::remove_if(workers.begin(), workers.end(),
                               [&](const v1::WorkerRecord& record) { return record.id() == id; }),
                workers.end());
  dropped_workers.push_back(id);
}

void RecordBatch::DropSchedule(const std::string& name) {
  schedules.erase(std::remove_if(schedules.begin(), schedules.end(),
                                 [&](const v1::ScheduleRecord& record) { return record.name() == name; }),
                  schedules.end());
  dropped_schedules.push_back(name);
}

bool RecordBatch::empty() const {
  return !counters && pipelines.empty() && jobs.empty() && artifacts.empty() && history.empty() &&
         workers.empty() && dropped_workers.empty() && schedules.empty() && dropped_schedules.empty();
}

absl::Status CheckRecordBatch(const RecordBatch& batch) {
  absl::Status status = CheckIds(batch.pipelines, "a pipeline record");
  if (status.ok()) status = CheckIds(batch.jobs, "a job record");
  if (status.ok()) status = CheckIds(batch.artifacts, "an artifact record");
  if (status.ok()) status = CheckIds(batch.workers, "a worker record");
  if (status.ok()) status = CheckHistory(batch.history);
  if (!status.ok()) return status;
  for (const v1::ScheduleRecord& record : batch.schedules) {
    if (record.name().empty()) return MissingId("a schedule record");
  }
  return absl::OkStatus();
}

}  // namespace bonsai
