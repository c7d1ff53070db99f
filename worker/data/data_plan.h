// What a data job is to read: its files, in order, with their digests.
//
// Made by the data runner, one thread; constant afterwards.
#ifndef BONSAI_WORKER_DATA_DATA_PLAN_H_
#define BONSAI_WORKER_DATA_DATA_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bonsai/v1/artifact.pb.h"
#include "bonsai/v1/spec.pb.h"

namespace bonsai {

struct PlannedFile {
  std::string path;
  v1::DataSpec::Format format;
  std::string records_field;
  v1::DatasetSource source;  // all but the number of documents
};

struct DataPlan {
  std::string corpus_format;  // "text", "instructions", "multiple_choice" or "records"
  std::vector<PlannedFile> files;
  uint64_t bytes = 0;  // of all files
  uint64_t checkpoint_every_bytes = 0;
  // The same for the same files and all of the spec that says which documents are kept.
  std::string fingerprint;
};

// Reads every file once. Errors: as RunData.
absl::StatusOr<DataPlan> PlanData(const v1::DataSpec& spec);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_DATA_PLAN_H_
