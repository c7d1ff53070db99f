#include "coordinator/scheduler/checkpoint_list.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "coordinator/scheduler/checkpoint_retention.h"

namespace bonsai {
namespace {

constexpr int kMetricsMax = 16;
constexpr size_t kMetricNameMax = 64;

}  // namespace

v1::Checkpoint CheckpointOf(const v1::CheckpointWritten& written, uint32_t attempt) {
  v1::Checkpoint checkpoint;
  checkpoint.set_manifest_id(written.manifest_id());
  checkpoint.set_step(written.step());
  checkpoint.set_attempt(attempt);
  for (const v1::Metric& metric : written.metrics()) {
    const bool sound = std::isfinite(metric.value()) && metric.name().size() <= kMetricNameMax;
    if (sound && checkpoint.metrics_size() < kMetricsMax) *checkpoint.add_metrics() = metric;
  }
  return checkpoint;
}

bool HasCheckpoint(const v1::JobRecord& job, const std::string& manifest_id) {
  return std::any_of(
      job.checkpoints().begin(), job.checkpoints().end(),
      [&](const v1::Checkpoint& checkpoint) { return checkpoint.manifest_id() == manifest_id; });
}

bool AddCheckpoint(const v1::Checkpoint& checkpoint, const v1::StorageConfig& policy, v1::JobRecord& job) {
  if (HasCheckpoint(job, checkpoint.manifest_id())) return false;
  *job.add_checkpoints() = checkpoint;
  std::stable_sort(job.mutable_checkpoints()->begin(), job.mutable_checkpoints()->end(),
                   [](const v1::Checkpoint& a, const v1::Checkpoint& b) {
                     return std::tuple(a.attempt(), a.step()) > std::tuple(b.attempt(), b.step());
                   });
  RetainCheckpoints(policy, job);
  return HasCheckpoint(job, checkpoint.manifest_id());
}

}  // namespace bonsai
