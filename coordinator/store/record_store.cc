#include "coordinator/store/record_store.h"

namespace bonsai {

absl::Status CheckRecordBatch(const RecordBatch& batch) {
  for (const auto& record : batch.pipelines) {
    if (record.id().empty()) return absl::InvalidArgumentError("record batch: a pipeline record has no id");
  }
  for (const auto& record : batch.jobs) {
    if (record.id().empty()) return absl::InvalidArgumentError("record batch: a job record has no id");
  }
  for (const auto& record : batch.artifacts) {
    if (record.id().empty()) return absl::InvalidArgumentError("record batch: an artifact record has no id");
  }
  return absl::OkStatus();
}

}  // namespace bonsai
