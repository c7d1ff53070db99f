#include "coordinator/rpc/storage_roots.h"

#include <algorithm>

namespace bonsai {
namespace {

constexpr char kDefaultTenant[] = "default";

int CheckpointsKept(const v1::JobRecord& job, absl::Time now) {
  const bool ended = job.state() == v1::DONE || job.state() == v1::FAILED || job.state() == v1::CANCELLED;
  if (!ended) return job.checkpoints_size();
  if (now - absl::FromUnixMillis(job.ended_unix_ms()) > kEndedCheckpointAge) return 0;
  if (job.state() == v1::DONE) return job.spec().sweep().job().empty() ? 0 : job.checkpoints_size();
  return std::min(1, job.checkpoints_size());
}

}  // namespace

void AddStorageRoots(const v1::ArtifactRecord& artifact, std::vector<StorageRoot>& roots) {
  roots.push_back({artifact.id(), artifact.tenant().empty() ? kDefaultTenant : artifact.tenant()});
}

void AddStorageRoots(const v1::JobRecord& job, absl::Time now, std::vector<StorageRoot>& roots) {
  for (int i = 0; i < CheckpointsKept(job, now); ++i) roots.push_back({job.checkpoints(i).manifest_id(), ""});
  if (job.state() == v1::DONE) return;
  for (const v1::ResolvedInput& input : job.inputs()) {
    if (!input.artifact_id().empty()) roots.push_back({input.artifact_id(), ""});
  }
}

}  // namespace bonsai
