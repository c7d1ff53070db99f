#include "coordinator/rpc/read_model.h"

#include <algorithm>
#include <future>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/rpc/storage_roots.h"
#include "coordinator/scheduler/tenancy.h"
#include "proto/job_state.h"

namespace bonsai {
namespace {

constexpr size_t kPrefixDigitsMin = 8;

std::string View(absl::string_view text) { return std::string(text); }

// Sets each second to a copy of its first. Copies are most of what a recovery does here, so threads share
// them.
template <typename Record>
void CopyAll(const std::vector<std::pair<const Record*, Record*>>& copies) {
  constexpr size_t kCopiesMin = 1000;  // for a thread
  const size_t threads =
      std::min<size_t>(std::max(1u, std::thread::hardware_concurrency()), copies.size() / kCopiesMin + 1);
  const auto copy = [&copies](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) *copies[i].second = *copies[i].first;
  };
  std::vector<std::future<void>> others;
  for (size_t i = 1; i < threads; ++i) {
    const size_t begin = copies.size() * i / threads;
    others.push_back(std::async(std::launch::async, copy, begin, copies.size() * (i + 1) / threads));
  }
  copy(0, copies.size() / threads);
  for (std::future<void>& other : others) other.get();
}

}  // namespace

ReadModel::ReadModel(const Records& records, JobObserver observer) : observer_(std::move(observer)) {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::pair<const v1::PipelineRecord*, v1::PipelineRecord*>> pipelines;
  std::vector<std::pair<const v1::JobRecord*, v1::JobRecord*>> jobs;
  for (const auto& [id, record] : records.pipelines) {
    const auto added = pipelines_.emplace_hint(pipelines_.end(), id, PipelineEntry());
    pipelines.emplace_back(&record, &added->second.record);
  }
  for (const auto& [id, record] : records.jobs) {
    const auto added = jobs_.emplace_hint(jobs_.end(), id, JobEntry());
    jobs.emplace_back(&record, added->second.status.mutable_job());
  }
  CopyAll(pipelines);
  CopyAll(jobs);
  auto pipeline = pipelines_.begin();
  for (auto& [id, entry] : jobs_) {
    const std::string& of = entry.status.job().pipeline_id();
    // Jobs come mostly in the order of their pipelines.
    if (pipeline != pipelines_.end() && pipeline->first != of) ++pipeline;
    if (pipeline == pipelines_.end() || pipeline->first != of) pipeline = pipelines_.find(of);
    CountNew(entry, pipeline);
  }
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
  *entry.status.mutable_job() = record;
  if (fresh) {
    CountNew(entry, pipelines_.find(record.pipeline_id()));
    return before;
  }
  ++jobs_by_state_[record.state()];
  Touch(entry);
  return before;
}

void ReadModel::CountNew(JobEntry& entry, Pipelines::iterator pipeline) {
  const v1::JobRecord& job = entry.status.job();
  ++jobs_by_state_[job.state()];
  entry.change = ++change_;
  if (pipeline == pipelines_.end()) return;
  pipeline->second.change = change_;
  uint64_t& first = pipeline->second.first_sequence;
  if (first != 0 && job.sequence() >= first) return;
  pipeline_order_.erase(first);
  first = job.sequence();
  pipeline_order_[first] = job.pipeline_id();
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

bool ReadModel::Ended(const PipelineEntry& pipeline) const {
  return std::all_of(pipeline.record.job_ids().begin(), pipeline.record.job_ids().end(),
                     [&](const std::string& id) {
                       auto job = jobs_.find(id);
                       return job != jobs_.end() && HasEnded(job->second.status.job().state());
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

std::vector<StorageRoot> ReadModel::StorageRoots(absl::Time now) const {
  std::vector<StorageRoot> roots;
  std::lock_guard<std::mutex> lock(mutex_);
  // Artifacts first: what is also named otherwise is its tenant's all the same.
  for (const auto& [id, artifact] : artifacts_) AddStorageRoots(artifact, roots);
  for (const auto& [id, entry] : jobs_) AddStorageRoots(entry.status.job(), now, roots);
  return roots;
}

}  // namespace bonsai
