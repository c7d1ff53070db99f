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
  ++commits_;
}

}  // namespace bonsai
