// What readers see: the committed records, and in memory only, the progress of the attempts that run. The
// loop publishes a batch after its commit; handlers and watchers read copies.
//
// Safe to call from any thread. A watcher keeps one number (the last change it saw), however far it falls
// behind: changes to one job in between are seen as one.
#ifndef BONSAI_COORDINATOR_RPC_READ_MODEL_H_
#define BONSAI_COORDINATOR_RPC_READ_MODEL_H_

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bonsai/v1/coordinator.pb.h"
#include "bonsai/v1/worker.pb.h"
#include "coordinator/scheduler/records.h"
#include "coordinator/scheduler/scheduler.h"
#include "coordinator/store/record_store.h"
#include "storage/mark.h"

namespace bonsai {

// Bounds of a page and of one message of a stream.
inline constexpr size_t kPageJobsMax = 1000;
inline constexpr size_t kPageBytesMax = 2 << 20;

class ReadModel {
 public:
  // Told of every job that a batch wrote, with what it was before (nullptr: new), on the loop's thread.
  using JobObserver = std::function<void(const v1::JobRecord* before, const v1::JobRecord& after)>;

  explicit ReadModel(const Records& records, JobObserver observer = nullptr);

  // Takes over what was committed.
  void Publish(const RecordBatch& batch);
  // Takes over the progress and the newest sample of a rank 0 that is where the job's current attempt was
  // placed; ignores any other report.
  void TakeProgress(absl::string_view worker_id, const v1::RankReport& report);

  // Here and below: what belongs to a tenant that the actor may not see is not there for him. The default
  // actor sees everything.
  std::optional<v1::JobStatus> FindJob(absl::string_view job_id, const Actor& actor = {}) const;
  bool HasPipeline(absl::string_view pipeline_id, const Actor& actor) const;
  std::map<v1::JobState, uint64_t> JobsByState() const;
  // In the order of their ids. `visit` must be quick, and must not call this model.
  template <typename Visit>
  void ForEachJob(const Visit& visit) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [id, entry] : jobs_) visit(entry.status);
  }
  // InvalidArgument for a page token that is not one of ours; NotFound for a pipeline that is not there.
  absl::StatusOr<v1::ListJobsResponse> ListJobs(const v1::ListJobsRequest& request,
                                                const Actor& actor = {}) const;

  struct Changes {
    std::vector<v1::JobStatus> jobs;  // in the order of submission
    uint64_t cursor = 0;              // pass this to see what changed later
    bool ended = false;               // every job of the pipeline has ended
  };
  // The pipeline's jobs that changed after `cursor` (0: all of them). Waits for a change up to `timeout`,
  // then returns an empty list. NotFound if there is no such pipeline.
  absl::StatusOr<Changes> WaitForChanges(absl::string_view pipeline_id, uint64_t cursor,
                                         absl::Duration timeout) const;
  // Ends all waits now, and makes later ones return at once.
  void WakeWatchers();

  std::optional<v1::ArtifactRecord> FindArtifact(absl::string_view id, const Actor& actor = {}) const;
  // An artifact by its full id, a unique prefix of at least 8 digits, or the id of a job whose output it is.
  // NotFound; InvalidArgument if the prefix is too short or fits several.
  absl::StatusOr<v1::ArtifactRecord> ResolveArtifact(absl::string_view id, const Actor& actor = {}) const;
  // Newest first. InvalidArgument for a page token that is not one of ours.
  absl::StatusOr<v1::ListArtifactsResponse> ListArtifacts(const v1::ListArtifactsRequest& request,
                                                          const Actor& actor = {}) const;
  // All that the records keep in storage; see storage_roots.h.
  std::vector<StorageRoot> StorageRoots(absl::Time now) const;

 private:
  struct JobEntry {
    v1::JobStatus status;
    uint64_t change = 0;
  };
  struct PipelineEntry {
    v1::PipelineRecord record;
    uint64_t first_sequence = 0;  // of its first job
    uint64_t change = 0;
  };

  using Pipelines = std::map<std::string, PipelineEntry, std::less<>>;

  std::optional<v1::JobRecord> TakeJob(const v1::JobRecord& record);
  // One that was not there before; `pipeline` is its pipeline, or the end.
  void CountNew(JobEntry& entry, Pipelines::iterator pipeline);
  void TakePipeline(const v1::PipelineRecord& record);
  void TakeArtifact(const v1::ArtifactRecord& record);
  void Touch(JobEntry& entry);
  bool Ended(const PipelineEntry& pipeline) const;

  const JobObserver observer_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool woken_ = false;
  uint64_t change_ = 0;
  std::map<std::string, JobEntry, std::less<>> jobs_;
  Pipelines pipelines_;
  std::map<uint64_t, std::string> pipeline_order_;  // first_sequence -> id
  std::map<std::string, v1::ArtifactRecord, std::less<>> artifacts_;
  std::map<uint64_t, std::string> artifact_order_;  // sequence -> id
  std::map<v1::JobState, uint64_t> jobs_by_state_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_READ_MODEL_H_
