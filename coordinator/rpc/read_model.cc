#include "coordinator/rpc/read_model.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "coordinator/rpc/storage_roots.h"
#include "coordinator/scheduler/tenancy.h"

namespace bonsai {
namespace {

constexpr size_t kPrefixDigitsMin = 8;

absl::Status BadPageToken(absl::string_view token) {
  return absl::InvalidArgumentError(
      absl::StrCat("page_token: \"", token, "\" is not a next_page_token of an earlier response"));
}

size_t PageSize(uint32_t asked) { return asked == 0 ? kPageJobsMax : std::min<size_t>(asked, kPageJobsMax); }

std::string View(absl::string_view text) { return std::string(text); }

}  // namespace

bool JobEnded(const v1::JobRecord& job) {
  return job.state() == v1::DONE || job.state() == v1::FAILED || job.state() == v1::CANCELLED;
}

ReadModel::ReadModel(const Records& records, JobObserver observer) : observer_(std::move(observer)) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [id, record] : records.pipelines) TakePipeline(record);
  for (const auto& [id, record] : records.jobs) TakeJob(record);
  for (const auto& [id, record] : records.artifacts) TakeArtifact(record);
}

void ReadModel::Publish(const RecordBatch& batch) {
  std::vector<std::optional<v1::JobRecord>> before;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const v1::PipelineRecord& record : batch.pipelines) TakePipeline(record);
    for (const v1::JobRecord& record : batch.jobs) before.push_back(TakeJob(record));
    for (const v1::ArtifactRecord& record : batch.artifacts) TakeArtifact(record);
  }
  changed_.notify_all();
  if (!observer_) return;
  for (size_t i = 0; i < before.size(); ++i) {
    observer_(before[i] ? &*before[i] : nullptr, batch.jobs[i]);
  }
}

std::optional<v1::JobRecord> ReadModel::TakeJob(const v1::JobRecord& record) {
  auto [found, fresh] = jobs_.try_emplace(record.id());
  JobEntry& entry = found->second;
  std::optional<v1::JobRecord> before;
  if (!fresh) {
    --jobs_by_state_[entry.status.job().state()];
    // What an older attempt last said is not this one's progress.
    if (record.attempts_size() > entry.status.job().attempts_size()) {
      entry.status.clear_progress();
      entry.status.clear_sample();
    }
    before = std::move(*entry.status.mutable_job());
  }
  ++jobs_by_state_[record.state()];
  *entry.status.mutable_job() = record;
  Touch(entry);
  if (fresh) {
    auto pipeline = pipelines_.find(record.pipeline_id());
    if (pipeline != pipelines_.end()) {
      uint64_t& first = pipeline->second.first_sequence;
      if (first == 0 || record.sequence() < first) {
        pipeline_order_.erase(first);
        first = record.sequence();
        pipeline_order_[first] = record.pipeline_id();
      }
    }
  }
  return before;
}

void ReadModel::TakePipeline(const v1::PipelineRecord& record) { pipelines_[record.id()].record = record; }

void ReadModel::TakeArtifact(const v1::ArtifactRecord& record) {
  v1::ArtifactRecord& kept = artifacts_[record.id()];
  artifact_order_.erase(kept.sequence());
  kept = record;
  artifact_order_[record.sequence()] = record.id();
}

void ReadModel::Touch(JobEntry& entry) {
  entry.change = ++change_;
  auto pipeline = pipelines_.find(entry.status.job().pipeline_id());
  if (pipeline != pipelines_.end()) pipeline->second.change = change_;
}

void ReadModel::TakeProgress(absl::string_view worker_id, const v1::RankReport& report) {
  if (report.rank() != 0 || (!report.has_progress() && !report.has_sample())) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    auto found = jobs_.find(report.job_id());
    if (found == jobs_.end() || found->second.status.job().attempts().empty()) return;
    v1::JobStatus& status = found->second.status;
    const v1::AttemptRecord& attempt = *status.job().attempts().rbegin();
    if (attempt.number() != report.attempt()) return;
    const bool placed_there = std::any_of(
        attempt.placements().begin(), attempt.placements().end(), [&](const v1::Placement& placement) {
          return placement.rank() == 0 && absl::string_view(placement.worker_id()) == worker_id;
        });
    if (!placed_there) return;
    const bool same = status.progress().SerializeAsString() == report.progress().SerializeAsString() &&
                      status.sample().SerializeAsString() == report.sample().SerializeAsString();
    if (same) return;
    if (report.has_progress()) *status.mutable_progress() = report.progress();
    if (report.has_sample()) *status.mutable_sample() = report.sample();
    Touch(found->second);
  }
  changed_.notify_all();
}

std::optional<v1::JobStatus> ReadModel::FindJob(absl::string_view job_id, const Actor& actor) const {
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = jobs_.find(View(job_id));
  if (found == jobs_.end() || !MayTouch(actor, found->second.status.job().tenant())) return std::nullopt;
  return found->second.status;
}

bool ReadModel::HasPipeline(absl::string_view pipeline_id, const Actor& actor) const {
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = pipelines_.find(View(pipeline_id));
  return found != pipelines_.end() && MayTouch(actor, found->second.record.tenant());
}

std::map<v1::JobState, uint64_t> ReadModel::JobsByState() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return jobs_by_state_;
}

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

bool ReadModel::Ended(const PipelineEntry& pipeline) const {
  return std::all_of(pipeline.record.job_ids().begin(), pipeline.record.job_ids().end(),
                     [&](const std::string& id) {
                       auto job = jobs_.find(id);
                       return job != jobs_.end() && JobEnded(job->second.status.job());
                     });
}

absl::StatusOr<ReadModel::Changes> ReadModel::WaitForChanges(absl::string_view pipeline_id, uint64_t cursor,
                                                             absl::Duration timeout) const {
  std::unique_lock<std::mutex> lock(mutex_);
  auto found = pipelines_.find(View(pipeline_id));
  if (found == pipelines_.end()) {
    return absl::NotFoundError(absl::StrCat("there is no pipeline \"", pipeline_id, "\""));
  }
  const PipelineEntry& pipeline = found->second;
  changed_.wait_for(lock, absl::ToChronoMilliseconds(timeout),
                    [&] { return woken_ || pipeline.change > cursor; });
  Changes changes;
  for (const std::string& id : pipeline.record.job_ids()) {
    auto job = jobs_.find(id);
    if (job != jobs_.end() && job->second.change > cursor) changes.jobs.push_back(job->second.status);
  }
  changes.cursor = std::max(cursor, pipeline.change);
  changes.ended = Ended(pipeline);
  return changes;
}

void ReadModel::WakeWatchers() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

std::optional<v1::ArtifactRecord> ReadModel::FindArtifact(absl::string_view id, const Actor& actor) const {
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = artifacts_.find(View(id));
  if (found == artifacts_.end() || !MayTouch(actor, found->second.tenant())) return std::nullopt;
  return found->second;
}

absl::StatusOr<v1::ArtifactRecord> ReadModel::ResolveArtifact(absl::string_view id,
                                                              const Actor& actor) const {
  std::lock_guard<std::mutex> lock(mutex_);
  std::string prefix(id);
  if (prefix.find('/') != std::string::npos) {
    auto job = jobs_.find(prefix);
    if (job == jobs_.end() || !MayTouch(actor, job->second.status.job().tenant())) {
      return absl::NotFoundError(absl::StrCat("there is no job \"", prefix, "\""));
    }
    const v1::JobRecord& record = job->second.status.job();
    if (record.output_id().empty()) {
      return absl::NotFoundError(
          absl::StrCat("job ", prefix, " has no output: it is ", v1::JobState_Name(record.state())));
    }
    prefix = record.output_id();
  }
  if (prefix.size() < kPrefixDigitsMin) {
    return absl::InvalidArgumentError(
        absl::StrCat("id: \"", prefix, "\" is too short: give a job's id (\"p1/export\") ",
                     "or at least the first ", kPrefixDigitsMin, " digits of an artifact's"));
  }
  std::vector<std::string> fitting;
  auto it = artifacts_.lower_bound(prefix);
  for (; it != artifacts_.end() && it->first.compare(0, prefix.size(), prefix) == 0 && fitting.size() < 4;
       ++it) {
    if (MayTouch(actor, it->second.tenant())) fitting.push_back(it->first);
  }
  if (fitting.empty()) return absl::NotFoundError(absl::StrCat("there is no artifact \"", prefix, "\""));
  if (fitting.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("id: \"", prefix, "\" fits several artifacts: ", absl::StrJoin(fitting, ", ")));
  }
  return artifacts_.at(fitting.front());
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

std::vector<StorageRoot> ReadModel::StorageRoots(absl::Time now) const {
  std::vector<StorageRoot> roots;
  std::lock_guard<std::mutex> lock(mutex_);
  // Artifacts first: what is also named otherwise is its tenant's all the same.
  for (const auto& [id, artifact] : artifacts_) AddStorageRoots(artifact, roots);
  for (const auto& [id, entry] : jobs_) AddStorageRoots(entry.status.job(), now, roots);
  return roots;
}

}  // namespace bonsai
