#include "coordinator/rpc/pipeline_watch.h"

#include <utility>

namespace bonsai {
namespace {

// In messages of a bounded size; the last one says whether the pipeline has ended.
bool WriteChanges(ReadModel::Changes changes, const CallStream<v1::WatchPipelineResponse>& stream) {
  v1::WatchPipelineResponse response;
  size_t bytes = 0;
  for (v1::JobStatus& status : changes.jobs) {
    const size_t job_bytes = status.ByteSizeLong();
    if (response.jobs_size() > 0 && bytes + job_bytes > kPageBytesMax) {
      if (!stream.write(response)) return false;
      response.Clear();
      bytes = 0;
    }
    bytes += job_bytes;
    *response.add_jobs() = std::move(status);
  }
  response.set_ended(changes.ended);
  return stream.write(response);
}

}  // namespace

absl::Status WatchPipeline(const ReadModel& model, const std::string& pipeline_id, const ExplainJobs& explain,
                           const CallStream<v1::WatchPipelineResponse>& stream) {
  uint64_t cursor = 0;
  while (true) {
    if (stream.cancelled()) return StreamCancelled();
    if (stream.stopping()) return StreamStopping();
    absl::StatusOr<ReadModel::Changes> changes =
        model.WaitForChanges(pipeline_id, cursor, kStreamPollInterval);
    if (!changes.ok()) return changes.status();
    if (changes->jobs.empty() && !changes->ended) continue;
    cursor = changes->cursor;
    const bool ended = changes->ended;
    std::vector<v1::JobStatus*> jobs;
    for (v1::JobStatus& status : changes->jobs) jobs.push_back(&status);
    explain(std::move(jobs));
    if (!WriteChanges(*std::move(changes), stream)) return StreamCancelled();
    if (ended) return absl::OkStatus();
  }
}

}  // namespace bonsai
