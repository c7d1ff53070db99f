#include "coordinator/store/memory_record_store.h"

#include <utility>

namespace bonsai {

absl::StatusOr<Records> MemoryRecordStore::Load() { return records_; }

absl::Status MemoryRecordStore::Commit(const RecordBatch& batch) {
  if (auto status = CheckRecordBatch(batch); !status.ok()) return status;
  if (batch.empty()) return absl::OkStatus();
  if (auto fault = std::exchange(fault_, std::nullopt)) {
    if (*fault == Fault::kAllKept) Keep(batch);
    return absl::UnavailableError("memory record store: injected fault");
  }
  Keep(batch);
  return absl::OkStatus();
}

void MemoryRecordStore::Keep(const RecordBatch& batch) {
  if (batch.counters) records_.counters = *batch.counters;
  for (const auto& record : batch.pipelines) records_.pipelines[record.id()] = record;
  for (const auto& record : batch.jobs) records_.jobs[record.id()] = record;
  for (const auto& record : batch.artifacts) records_.artifacts[record.id()] = record;
  for (const std::string& id : batch.dropped_workers) records_.workers.erase(id);
  for (const auto& record : batch.workers) records_.workers[record.id()] = record;
  for (const std::string& name : batch.dropped_schedules) records_.schedules.erase(name);
  for (const auto& record : batch.schedules) records_.schedules[record.name()] = record;
  std::lock_guard<std::mutex> lock(history_mutex_);
  for (const auto& entry : batch.history) history_[{entry.job_id(), entry.number()}] = entry;
  ++commits_;
}

absl::StatusOr<std::vector<v1::HistoryEntry>> MemoryRecordStore::ReadHistory(absl::string_view job_id,
                                                                             uint64_t after, size_t limit) {
  std::lock_guard<std::mutex> lock(history_mutex_);
  std::vector<v1::HistoryEntry> entries;
  const std::string job(job_id);
  for (auto it = history_.upper_bound({job, after});
       it != history_.end() && it->first.first == job && entries.size() < limit; ++it) {
    entries.push_back(it->second);
  }
  return entries;
}

}  // namespace bonsai
