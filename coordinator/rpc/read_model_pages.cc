// ReadModel: lists, a page at a time.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "coordinator/rpc/read_model.h"
#include "coordinator/scheduler/tenancy.h"

namespace bonsai {
namespace {

absl::Status BadPageToken(absl::string_view token) {
  return absl::InvalidArgumentError(
      absl::StrCat("page_token: \"", token, "\" is not a next_page_token of an earlier response"));
}

size_t PageSize(uint32_t asked) { return asked == 0 ? kPageJobsMax : std::min<size_t>(asked, kPageJobsMax); }

}  // namespace

// A page token is "<first sequence of the pipeline>.<jobs of it that were sent>": pipelines that arrive in
// between are newer than all that follow, so nothing is sent twice or left out.
absl::StatusOr<v1::ListJobsResponse> ReadModel::ListJobs(const v1::ListJobsRequest& request,
                                                         const Actor& actor) const {
  uint64_t from_pipeline = UINT64_MAX;
  int from_job = 0;
  if (!request.page_token().empty()) {
    const std::vector<std::string> parts = absl::StrSplit(request.page_token(), '.');
    if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &from_pipeline) ||
        !absl::SimpleAtoi(parts[1], &from_job) || from_job < 0) {
      return BadPageToken(request.page_token());
    }
  }
  std::lock_guard<std::mutex> lock(mutex_);
  if (!request.pipeline_id().empty()) {
    auto only = pipelines_.find(request.pipeline_id());
    if (only == pipelines_.end() || !MayTouch(actor, only->second.record.tenant())) {
      return absl::NotFoundError(absl::StrCat("there is no pipeline \"", request.pipeline_id(), "\""));
    }
    if (request.page_token().empty()) from_pipeline = only->second.first_sequence;
  }
  v1::ListJobsResponse response;
  size_t bytes = 0;
  for (auto it = std::make_reverse_iterator(pipeline_order_.upper_bound(from_pipeline));
       it != pipeline_order_.rend(); ++it) {
    const v1::PipelineRecord& pipeline = pipelines_.at(it->second).record;
    if (!request.pipeline_id().empty() && pipeline.id() != request.pipeline_id()) break;
    if (!MayTouch(actor, pipeline.tenant())) continue;
    for (int i = it->first == from_pipeline ? from_job : 0; i < pipeline.job_ids_size(); ++i) {
      auto job = jobs_.find(pipeline.job_ids(i));
      if (job == jobs_.end()) continue;
      const size_t job_bytes = job->second.status.ByteSizeLong();
      if (static_cast<size_t>(response.jobs_size()) >= PageSize(request.page_size()) ||
          (response.jobs_size() > 0 && bytes + job_bytes > kPageBytesMax)) {
        response.set_next_page_token(absl::StrCat(it->first, ".", i));
        return response;
      }
      bytes += job_bytes;
      *response.add_jobs() = job->second.status;
    }
  }
  return response;
}

absl::StatusOr<v1::ListArtifactsResponse> ReadModel::ListArtifacts(const v1::ListArtifactsRequest& request,
                                                                   const Actor& actor) const {
  uint64_t below = UINT64_MAX;
  if (!request.page_token().empty() && !absl::SimpleAtoi(request.page_token(), &below)) {
    return BadPageToken(request.page_token());
  }
  std::lock_guard<std::mutex> lock(mutex_);
  v1::ListArtifactsResponse response;
  for (auto it = std::make_reverse_iterator(artifact_order_.lower_bound(below)); it != artifact_order_.rend();
       ++it) {
    const v1::ArtifactRecord& record = artifacts_.at(it->second);
    if (!request.kind().empty() && record.kind() != request.kind()) continue;
    if (!MayTouch(actor, record.tenant())) continue;
    if (static_cast<size_t>(response.artifacts_size()) >= PageSize(request.page_size())) {
      response.set_next_page_token(absl::StrCat(response.artifacts().rbegin()->sequence()));
      return response;
    }
    *response.add_artifacts() = record;
  }
  return response;
}

}  // namespace bonsai
