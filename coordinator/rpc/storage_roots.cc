#include "coordinator/rpc/storage_roots.h"

#include <string>

#include "coordinator/scheduler/checkpoint_retention.h"
#include "coordinator/scheduler/tenancy.h"
#include "proto/job_state.h"

namespace bonsai {
namespace {

int CheckpointsKept(const v1::JobRecord& job, absl::Time now) {
  if (!HasEnded(job.state())) return job.checkpoints_size();
  if (now - absl::FromUnixMillis(job.ended_unix_ms()) > kEndedCheckpointAge) return 0;
  // A record from before there was a policy may still list more.
  return EndedCheckpointsKept(job);
}

}  // namespace

void AddStorageRoots(const v1::ArtifactRecord& artifact, std::vector<StorageRoot>& roots) {
  roots.push_back({artifact.id(), std::string(TenantOf(artifact.tenant()))});
}

void AddStorageRoots(const v1::JobRecord& job, absl::Time now, std::vector<StorageRoot>& roots) {
  for (int i = 0; i < CheckpointsKept(job, now); ++i) roots.push_back({job.checkpoints(i).manifest_id(), ""});
  if (job.state() == v1::DONE) return;
  for (const v1::ResolvedInput& input : job.inputs()) {
    if (!input.artifact_id().empty()) roots.push_back({input.artifact_id(), ""});
  }
}

}  // namespace bonsai
