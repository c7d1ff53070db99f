#include "coordinator/scheduler/checkpoint_retention.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"

namespace bonsai {
namespace {

constexpr uint32_t kLatestDefault = 3;

// By index into the job's list, which is newest first.
using Kept = absl::btree_set<int>;

std::optional<double> FindMetric(const v1::Checkpoint& checkpoint, const std::string& name) {
  for (const v1::Metric& metric : checkpoint.metrics()) {
    if (metric.name() == name && std::isfinite(metric.value())) return metric.value();
  }
  return std::nullopt;
}

void KeepBest(const v1::StorageConfig& policy, const v1::JobRecord& job, Kept& kept) {
  std::vector<std::pair<double, int>> ranked;
  for (int i = 0; i < job.checkpoints_size(); ++i) {
    const std::optional<double> value = FindMetric(job.checkpoints(i), policy.checkpoint_metric());
    if (value) ranked.emplace_back(policy.checkpoint_metric_higher_is_better() ? -*value : *value, i);
  }
  std::sort(ranked.begin(), ranked.end());
  if (ranked.size() > policy.checkpoints_best()) ranked.resize(policy.checkpoints_best());
  for (const auto& [value, i] : ranked) kept.insert(i);
}

void KeepSpaced(uint64_t every, const v1::JobRecord& job, Kept& kept) {
  absl::btree_set<uint64_t> steps;
  for (int i = 0; i < job.checkpoints_size() && steps.size() < kSpacedCheckpointsMax; ++i) {
    const uint64_t step = job.checkpoints(i).step();
    if (step % every == 0 && steps.insert(step).second) kept.insert(i);
  }
}

// An attempt is handed what earlier ones wrote, and may still be reading it when it has written some of its
// own.
void KeepResumable(const v1::JobRecord& job, Kept& kept) {
  if (job.attempts().empty() || (job.state() != v1::RUNNING && job.state() != v1::CANCELLING)) return;
  for (int i = 0; i < job.checkpoints_size(); ++i) {
    if (job.checkpoints(i).attempt() >= job.attempts().rbegin()->number()) continue;
    kept.insert(i);
    return;
  }
}

void DropOthers(const Kept& kept, v1::JobRecord& job) {
  int size = 0;
  for (int i : kept) job.mutable_checkpoints()->SwapElements(size++, i);
  job.mutable_checkpoints()->DeleteSubrange(size, job.checkpoints_size() - size);
}

}  // namespace

void RetainCheckpoints(const v1::StorageConfig& policy, v1::JobRecord& job) {
  const uint32_t asked = policy.checkpoints_latest();
  const int latest =
      static_cast<int>(std::min<int64_t>(asked == 0 ? kLatestDefault : asked, job.checkpoints_size()));
  Kept kept;
  for (int i = 0; i < latest; ++i) kept.insert(i);
  if (policy.checkpoints_best() > 0) KeepBest(policy, job, kept);
  if (policy.checkpoints_every() > 0) KeepSpaced(policy.checkpoints_every(), job, kept);
  KeepResumable(job, kept);
  DropOthers(kept, job);
}

int EndedCheckpointsKept(const v1::JobRecord& job) {
  if (job.state() != v1::DONE) return std::min(1, job.checkpoints_size());
  return job.spec().sweep().job().empty() ? 0 : job.checkpoints_size();
}

void RetainEndedCheckpoints(v1::JobRecord& job) {
  const int kept = EndedCheckpointsKept(job);
  job.mutable_checkpoints()->DeleteSubrange(kept, job.checkpoints_size() - kept);
}

}  // namespace bonsai
