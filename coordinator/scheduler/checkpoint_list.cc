#include "coordinator/scheduler/checkpoint_list.h"

#include <algorithm>
#include <tuple>

namespace bonsai {

bool HasCheckpoint(const v1::JobRecord& job, const std::string& manifest_id) {
  return std::any_of(
      job.checkpoints().begin(), job.checkpoints().end(),
      [&](const v1::Checkpoint& checkpoint) { return checkpoint.manifest_id() == manifest_id; });
}

bool AddCheckpoint(const v1::Checkpoint& checkpoint, uint32_t kept_max, v1::JobRecord& job) {
  if (HasCheckpoint(job, checkpoint.manifest_id())) return false;
  *job.add_checkpoints() = checkpoint;
  auto& kept = *job.mutable_checkpoints();
  std::stable_sort(kept.begin(), kept.end(), [](const v1::Checkpoint& a, const v1::Checkpoint& b) {
    return std::tuple(a.attempt(), a.step()) > std::tuple(b.attempt(), b.step());
  });
  if (kept.size() > static_cast<int>(kept_max)) {
    kept.DeleteSubrange(static_cast<int>(kept_max), kept.size() - static_cast<int>(kept_max));
  }
  return HasCheckpoint(job, checkpoint.manifest_id());
}

}  // namespace bonsai
