#include "coordinator/rpc/storage_roots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'000'000);

v1::JobRecord JobWithCheckpoints(v1::JobState state) {
  v1::JobRecord job;
  job.set_state(state);
  job.add_checkpoints()->set_manifest_id("newest");
  job.add_checkpoints()->set_manifest_id("older");
  job.add_inputs()->set_artifact_id("input");
  job.add_inputs()->set_job_id("p1/not_done_yet");
  if (state == v1::FAILED || state == v1::CANCELLED) job.set_ended_unix_ms(absl::ToUnixMillis(kNow));
  return job;
}

std::vector<std::string> RootsOf(const v1::JobRecord& job, absl::Time now = kNow) {
  std::vector<StorageRoot> roots;
  AddStorageRoots(job, now, roots);
  std::vector<std::string> ids;
  for (const StorageRoot& root : roots) {
    EXPECT_EQ(root.tenant, "");
    ids.push_back(root.id);
  }
  return ids;
}

TEST(StorageRootsTest, AJobThatMayRunKeepsItsCheckpointsAndInputs) {
  for (v1::JobState state : {v1::WAITING, v1::READY, v1::RUNNING, v1::CANCELLING}) {
    EXPECT_THAT(RootsOf(JobWithCheckpoints(state)), ElementsAre("newest", "older", "input"));
  }
}

TEST(StorageRootsTest, AJobThatIsDoneKeepsNothingButItsArtifact) {
  EXPECT_THAT(RootsOf(JobWithCheckpoints(v1::DONE)), IsEmpty());
}

TEST(StorageRootsTest, AVariantThatIsDoneKeepsItsCheckpointsForALaterRungForAWhile) {
  v1::JobRecord job = JobWithCheckpoints(v1::DONE);
  job.set_ended_unix_ms(absl::ToUnixMillis(kNow));
  job.mutable_spec()->mutable_sweep()->set_job("train");
  EXPECT_THAT(RootsOf(job), ElementsAre("newest", "older"));
  EXPECT_THAT(RootsOf(job, kNow + absl::Hours(24 * 8)), IsEmpty());
}

TEST(StorageRootsTest, AJobThatFailedKeepsItsNewestCheckpointForARetryForAWhile) {
  for (v1::JobState state : {v1::FAILED, v1::CANCELLED}) {
    EXPECT_THAT(RootsOf(JobWithCheckpoints(state)), ElementsAre("newest", "input"));
    EXPECT_THAT(RootsOf(JobWithCheckpoints(state), kNow + absl::Hours(24 * 6)),
                ElementsAre("newest", "input"));
    EXPECT_THAT(RootsOf(JobWithCheckpoints(state), kNow + absl::Hours(24 * 8)), ElementsAre("input"));
  }
}

TEST(StorageRootsTest, AnArtifactOfNoTenantIsTheDefaultOnes) {
  std::vector<StorageRoot> roots;
  v1::ArtifactRecord artifact;
  artifact.set_id("a");
  AddStorageRoots(artifact, roots);
  artifact.set_tenant("team");
  AddStorageRoots(artifact, roots);
  EXPECT_EQ(roots[0].tenant, "default");
  EXPECT_EQ(roots[1].tenant, "team");
}

}  // namespace
}  // namespace bonsai
