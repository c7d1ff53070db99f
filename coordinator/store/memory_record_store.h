// A RecordStore in memory, for tests: it outlives a simulated crash of the coordinator, and fails when told
// to.
//
// One thread at a time, but for ReadHistory.
#ifndef BONSAI_COORDINATOR_STORE_MEMORY_RECORD_STORE_H_
#define BONSAI_COORDINATOR_STORE_MEMORY_RECORD_STORE_H_

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "coordinator/store/record_store.h"

namespace bonsai {

class MemoryRecordStore : public RecordStore {
 public:
  enum class Fault {
    kNothingKept,  // the crash came before the batch was durable
    kAllKept,      // the crash came after, before anybody was told
  };

  absl::StatusOr<Records> Load() override;
  absl::Status Commit(const RecordBatch& batch) override;
  absl::StatusOr<std::vector<v1::HistoryEntry>> ReadHistory(absl::string_view job_id, uint64_t after,
                                                            size_t limit) override;

  // The next Commit of a batch that is not empty fails with Unavailable, once.
  void FailNextCommit(Fault fault) { fault_ = fault; }

  // What is kept now.
  const Records& records() const { return records_; }
  // Batches that were kept.
  int commits() const { return commits_; }

 private:
  void Keep(const RecordBatch& batch);

  Records records_;
  std::mutex history_mutex_;
  std::map<std::pair<std::string, uint64_t>, v1::HistoryEntry> history_;  // by job id and number
  std::optional<Fault> fault_;
  int commits_ = 0;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_STORE_MEMORY_RECORD_STORE_H_
