// Every key and value layout of the coordinator's database. A change of any of them is a new kFormatVersion.
//
//   column family  key                         value
//   pipelines      pipeline id, "p12"          v1.PipelineRecord
//   jobs           job id, "p12/pretrain"      v1.JobRecord
//   artifacts      manifest SHA-256, 64 hex    v1.ArtifactRecord
//   history        job id, a zero byte,        v1.HistoryEntry
//                  number (64 bits, big end first)
//   workers        worker id                   v1.WorkerRecord
//   schedules      schedule name               v1.ScheduleRecord
//   meta           "format_version"            decimal number
//   meta           "counters"                  three decimal numbers: the next pipeline, job sequence and
//                                              artifact sequence
//
// RocksDB's own column family "default" is empty.
//
// Format 1 had no history, workers and schedules, and no tenants: format_upgrade.h.
#ifndef BONSAI_COORDINATOR_STORE_KEYS_H_
#define BONSAI_COORDINATOR_STORE_KEYS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "coordinator/scheduler/records.h"

namespace bonsai::store_keys {

inline constexpr int kFormatVersion = 2;

inline constexpr char kPipelines[] = "pipelines";
inline constexpr char kJobs[] = "jobs";
inline constexpr char kArtifacts[] = "artifacts";
inline constexpr char kHistory[] = "history";
inline constexpr char kWorkers[] = "workers";
inline constexpr char kSchedules[] = "schedules";
inline constexpr char kMeta[] = "meta";

inline constexpr char kFormatVersionKey[] = "format_version";
inline constexpr char kCountersKey[] = "counters";

// `job_id` holds no zero byte. The keys of a job's entries are in the order of their numbers.
std::string HistoryKey(absl::string_view job_id, uint64_t number);

std::string CountersValue(const Counters& counters);
// DataLoss where the value is not what CountersValue writes.
absl::StatusOr<Counters> ParseCountersValue(absl::string_view value);

}  // namespace bonsai::store_keys

#endif  // BONSAI_COORDINATOR_STORE_KEYS_H_
