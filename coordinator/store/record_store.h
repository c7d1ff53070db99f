// Where the coordinator keeps what must survive it. The driver (coordinator/rpc) loads everything once, when
// it starts, and then commits batches; nothing that a batch holds is acknowledged to anybody before Commit
// has returned OK.
//
// One thread at a time, but for ReadHistory. Implementations: rocksdb_record_store.h, memory_record_store.h
// (a fake).
#ifndef BONSAI_COORDINATOR_STORE_RECORD_STORE_H_
#define BONSAI_COORDINATOR_STORE_RECORD_STORE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/job.pb.h"
#include "coordinator/scheduler/records.h"

namespace bonsai {

// Records to write, each replacing the one of the same id. Where an id occurs twice, the later one stays; so
// the batches of several events may be appended to each other and committed once.
struct RecordBatch {
  std::optional<Counters> counters;
  std::vector<v1::PipelineRecord> pipelines;
  std::vector<v1::JobRecord> jobs;
  std::vector<v1::ArtifactRecord> artifacts;
  std::vector<v1::HistoryEntry> history;  // by job id and number
  std::vector<v1::WorkerRecord> workers;
  std::vector<std::string> dropped_workers;  // ids; one that `workers` holds too is kept
  std::vector<v1::ScheduleRecord> schedules;
  std::vector<std::string> dropped_schedules;  // names; one that `schedules` holds too is kept

  // Take back what the batch put before.
  void DropWorker(const std::string& id);
  void DropSchedule(const std::string& name);

  bool empty() const;
};

// InvalidArgument if a record has no id, or a history entry no number.
absl::Status CheckRecordBatch(const RecordBatch& batch);

class RecordStore {
 public:
  virtual ~RecordStore() = default;

  // All that was committed. DataLoss names the key whose value cannot be read.
  virtual absl::StatusOr<Records> Load() = 0;

  // All of the batch, or nothing, and durable when it returns OK. InvalidArgument (a record without an id)
  // changes nothing. After any other error it is not known whether the batch is kept: end the process and
  // load again.
  virtual absl::Status Commit(const RecordBatch& batch) = 0;

  // The committed history of a job, in order: its entries with a number above `after`, at most `limit`; empty
  // for a job that is not known. DataLoss as Load. Any thread may call it at any time.
  virtual absl::StatusOr<std::vector<v1::HistoryEntry>> ReadHistory(absl::string_view job_id, uint64_t after,
                                                                    size_t limit) = 0;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_STORE_RECORD_STORE_H_
