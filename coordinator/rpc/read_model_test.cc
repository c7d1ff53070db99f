#include "coordinator/rpc/read_model.h"

#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Pipelines "p1", "p2", ... of jobs "a", "b", ..., in batches as the loop commits them.
class Recorder {
 public:
  RecordBatch Pipeline(int jobs) {
    RecordBatch batch;
    v1::PipelineRecord pipeline;
    pipeline.set_id(absl::StrCat("p", ++pipelines_));
    for (int i = 0; i < jobs; ++i) {
      v1::JobRecord job;
      job.set_id(absl::StrCat(pipeline.id(), "/", std::string(1, static_cast<char>('a' + i))));
      job.set_pipeline_id(pipeline.id());
      job.set_sequence(++sequence_);
      job.set_state(v1::READY);
      pipeline.add_job_ids(job.id());
      batch.jobs.push_back(job);
    }
    batch.pipelines.push_back(pipeline);
    return batch;
  }

  static RecordBatch Change(v1::JobRecord job, v1::JobState state) {
    job.set_state(state);
    RecordBatch batch;
    batch.jobs.push_back(job);
    return batch;
  }

  static RecordBatch Artifact(const std::string& id, const std::string& kind, uint64_t sequence) {
    v1::ArtifactRecord record;
    record.set_id(id);
    record.set_kind(kind);
    record.set_sequence(sequence);
    RecordBatch batch;
    batch.artifacts.push_back(record);
    return batch;
  }

 private:
  int pipelines_ = 0;
  uint64_t sequence_ = 0;
};

v1::JobRecord Running(v1::JobRecord job, uint32_t attempt, const std::string& worker) {
  job.set_state(v1::RUNNING);
  v1::AttemptRecord* record = job.add_attempts();
  record->set_number(attempt);
  record->add_placements()->set_worker_id(worker);
  return job;
}

v1::RankReport Report(const std::string& job, uint32_t attempt, uint64_t step) {
  v1::RankReport report;
  report.set_job_id(job);
  report.set_attempt(attempt);
  report.mutable_progress()->set_step(step);
  return report;
}

std::vector<std::string> Ids(const v1::ListJobsResponse& response) {
  std::vector<std::string> ids;
  for (const v1::JobStatus& status : response.jobs()) ids.push_back(status.job().id());
  return ids;
}

TEST(ReadModelTest, ListsTheNewestPipelineFirstInPages) {
  Recorder recorder;
  ReadModel model{Records{}};
  model.Publish(recorder.Pipeline(2));
  model.Publish(recorder.Pipeline(3));
  v1::ListJobsRequest request;
  EXPECT_THAT(Ids(*model.ListJobs(request)), ElementsAre("p2/a", "p2/b", "p2/c", "p1/a", "p1/b"));
  request.set_page_size(2);
  v1::ListJobsResponse page = *model.ListJobs(request);
  EXPECT_THAT(Ids(page), ElementsAre("p2/a", "p2/b"));
  // What is submitted between two pages neither shifts nor repeats what follows.
  model.Publish(recorder.Pipeline(1));
  request.set_page_token(page.next_page_token());
  page = *model.ListJobs(request);
  EXPECT_THAT(Ids(page), ElementsAre("p2/c", "p1/a"));
  request.set_page_token(page.next_page_token());
  page = *model.ListJobs(request);
  EXPECT_THAT(Ids(page), ElementsAre("p1/b"));
  EXPECT_EQ(page.next_page_token(), "");
}

TEST(ReadModelTest, ListsOnePipeline) {
  Recorder recorder;
  ReadModel model{Records{}};
  model.Publish(recorder.Pipeline(3));
  model.Publish(recorder.Pipeline(1));
  v1::ListJobsRequest request;
  request.set_pipeline_id("p1");
  request.set_page_size(2);
  v1::ListJobsResponse page = *model.ListJobs(request);
  EXPECT_THAT(Ids(page), ElementsAre("p1/a", "p1/b"));
  request.set_page_token(page.next_page_token());
  page = *model.ListJobs(request);
  EXPECT_THAT(Ids(page), ElementsAre("p1/c"));
  EXPECT_EQ(page.next_page_token(), "");
  request.set_pipeline_id("p9");
  EXPECT_TRUE(absl::IsNotFound(model.ListJobs(request).status()));
}

TEST(ReadModelTest, RefusesForeignPageTokens) {
  ReadModel model{Records{}};
  for (const char* token : {"x", "1", "1.x", "1.-1", "1.2.3", "."}) {
    v1::ListJobsRequest request;
    request.set_page_token(token);
    EXPECT_TRUE(absl::IsInvalidArgument(model.ListJobs(request).status())) << token;
  }
  v1::ListArtifactsRequest request;
  request.set_page_token("later");
  EXPECT_TRUE(absl::IsInvalidArgument(model.ListArtifacts(request).status()));
}

TEST(ReadModelTest, StartsFromRecords) {
  Recorder recorder;
  const RecordBatch batch = recorder.Pipeline(2);
  Records records;
  records.pipelines["p1"] = batch.pipelines[0];
  for (const v1::JobRecord& job : batch.jobs) records.jobs[job.id()] = job;
  ReadModel model(records);
  EXPECT_THAT(Ids(*model.ListJobs({})), ElementsAre("p1/a", "p1/b"));
  EXPECT_EQ(model.JobsByState()[v1::READY], 2u);
  EXPECT_EQ(model.WaitForChanges("p1", 0, absl::ZeroDuration())->jobs.size(), 2u);
}

TEST(ReadModelTest, WatchersSeeAllThenOnlyWhatChanged) {
  Recorder recorder;
  ReadModel model{Records{}};
  const RecordBatch batch = recorder.Pipeline(2);
  model.Publish(batch);
  auto changes = model.WaitForChanges("p1", 0, absl::ZeroDuration());
  EXPECT_EQ(changes->jobs.size(), 2u);
  EXPECT_FALSE(changes->ended);
  changes = model.WaitForChanges("p1", changes->cursor, absl::ZeroDuration());
  EXPECT_TRUE(changes->jobs.empty());
  // Two changes of one job, seen as one; another pipeline's are not seen.
  model.Publish(Recorder::Change(batch.jobs[0], v1::RUNNING));
  model.Publish(Recorder::Change(batch.jobs[0], v1::DONE));
  model.Publish(recorder.Pipeline(1));
  changes = model.WaitForChanges("p1", changes->cursor, absl::ZeroDuration());
  ASSERT_EQ(changes->jobs.size(), 1u);
  EXPECT_EQ(changes->jobs[0].job().state(), v1::DONE);
  EXPECT_FALSE(changes->ended);
  model.Publish(Recorder::Change(batch.jobs[1], v1::FAILED));
  EXPECT_TRUE(model.WaitForChanges("p1", changes->cursor, absl::ZeroDuration())->ended);
  EXPECT_TRUE(absl::IsNotFound(model.WaitForChanges("p7", 0, absl::ZeroDuration()).status()));
}

TEST(ReadModelTest, WakesAWatcherThatWaits) {
  Recorder recorder;
  ReadModel model{Records{}};
  const RecordBatch batch = recorder.Pipeline(1);
  model.Publish(batch);
  const uint64_t cursor = model.WaitForChanges("p1", 0, absl::ZeroDuration())->cursor;
  std::thread writer([&] { model.Publish(Recorder::Change(batch.jobs[0], v1::DONE)); });
  EXPECT_TRUE(model.WaitForChanges("p1", cursor, absl::Seconds(60))->ended);
  writer.join();
  std::thread stopper([&] { model.WakeWatchers(); });
  EXPECT_TRUE(model.WaitForChanges("p1", 99, absl::Seconds(60))->jobs.empty());
  stopper.join();
}

TEST(ReadModelTest, TakesProgressOfTheCurrentAttemptOnly) {
  Recorder recorder;
  ReadModel model{Records{}};
  const RecordBatch batch = recorder.Pipeline(1);
  model.Publish(batch);
  model.TakeProgress("w1", Report("p1/a", 1, 5));  // no attempt yet
  EXPECT_FALSE(model.FindJob("p1/a")->has_progress());
  const v1::JobRecord first = Running(batch.jobs[0], 1, "w1");
  RecordBatch placed;
  placed.jobs.push_back(first);
  model.Publish(placed);
  model.TakeProgress("w1", Report("p1/a", 1, 7));
  EXPECT_EQ(model.FindJob("p1/a")->progress().step(), 7u);
  model.TakeProgress("w2", Report("p1/a", 1, 8));  // another worker
  EXPECT_EQ(model.FindJob("p1/a")->progress().step(), 7u);
  placed.jobs[0] = Running(first, 2, "w2");
  model.Publish(placed);
  EXPECT_FALSE(model.FindJob("p1/a")->has_progress());
  model.TakeProgress("w1", Report("p1/a", 1, 9));  // fenced
  EXPECT_FALSE(model.FindJob("p1/a")->has_progress());
}

TEST(ReadModelTest, ProgressIsAChangeOnlyWhereItDiffers) {
  Recorder recorder;
  ReadModel model{Records{}};
  RecordBatch batch = recorder.Pipeline(1);
  batch.jobs[0] = Running(batch.jobs[0], 1, "w1");
  model.Publish(batch);
  uint64_t cursor = model.WaitForChanges("p1", 0, absl::ZeroDuration())->cursor;
  model.TakeProgress("w1", Report("p1/a", 1, 7));
  auto changes = model.WaitForChanges("p1", cursor, absl::ZeroDuration());
  ASSERT_EQ(changes->jobs.size(), 1u);
  EXPECT_EQ(changes->jobs[0].progress().step(), 7u);
  model.TakeProgress("w1", Report("p1/a", 1, 7));
  EXPECT_TRUE(model.WaitForChanges("p1", changes->cursor, absl::ZeroDuration())->jobs.empty());
}

TEST(ReadModelTest, FindsArtifactsByIdPrefixAndJob) {
  Recorder recorder;
  ReadModel model{Records{}};
  RecordBatch batch = recorder.Pipeline(2);
  const std::string first(64, 'a');
  const std::string second = std::string(20, 'a') + std::string(44, 'b');
  batch.jobs[0].set_output_id(second);
  model.Publish(batch);
  model.Publish(Recorder::Artifact(first, "model", 1));
  model.Publish(Recorder::Artifact(second, "export", 2));
  EXPECT_EQ(model.ResolveArtifact(first)->id(), first);
  EXPECT_EQ(model.ResolveArtifact(first.substr(0, 21))->id(), first);
  EXPECT_EQ(model.ResolveArtifact("p1/a")->id(), second);
  EXPECT_TRUE(absl::IsInvalidArgument(model.ResolveArtifact("aaaaaaa").status()));    // too short
  EXPECT_TRUE(absl::IsInvalidArgument(model.ResolveArtifact("aaaaaaaaa").status()));  // two fit
  EXPECT_TRUE(absl::IsNotFound(model.ResolveArtifact("cccccccccc").status()));
  EXPECT_THAT(std::string(model.ResolveArtifact("p1/b").status().message()), HasSubstr("no output"));
  EXPECT_TRUE(absl::IsNotFound(model.ResolveArtifact("p1/z").status()));
}

TEST(ReadModelTest, ListsArtifactsNewestFirstInPages) {
  ReadModel model{Records{}};
  for (uint64_t i = 1; i <= 5; ++i) {
    model.Publish(Recorder::Artifact(absl::StrCat("id", i), i % 2 == 0 ? "model" : "tokens", i));
  }
  v1::ListArtifactsRequest request;
  request.set_kind("tokens");
  request.set_page_size(2);
  v1::ListArtifactsResponse page = *model.ListArtifacts(request);
  ASSERT_EQ(page.artifacts_size(), 2);
  EXPECT_EQ(page.artifacts(0).id(), "id5");
  EXPECT_EQ(page.artifacts(1).id(), "id3");
  request.set_page_token(page.next_page_token());
  page = *model.ListArtifacts(request);
  ASSERT_EQ(page.artifacts_size(), 1);
  EXPECT_EQ(page.artifacts(0).id(), "id1");
  EXPECT_EQ(page.next_page_token(), "");
}

TEST(ReadModelTest, TellsItsObserverWhatAJobWasAndIs) {
  Recorder recorder;
  std::vector<std::string> seen;
  ReadModel model(Records{}, [&](const v1::JobRecord* before, const v1::JobRecord& after) {
    seen.push_back(absl::StrCat(after.id(), " ", before ? v1::JobState_Name(before->state()) : "new", ">",
                                v1::JobState_Name(after.state())));
  });
  const RecordBatch batch = recorder.Pipeline(1);
  model.Publish(batch);
  model.Publish(Recorder::Change(batch.jobs[0], v1::DONE));
  EXPECT_THAT(seen, ElementsAre("p1/a new>READY", "p1/a READY>DONE"));
  EXPECT_EQ(model.JobsByState()[v1::READY], 0u);
  EXPECT_EQ(model.JobsByState()[v1::DONE], 1u);
}

TEST(ReadModelTest, ATenantSeesItsOwnAndAnAdminSeesAll) {
  RecordBatch batch;
  uint64_t sequence = 0;
  for (const char* tenant : {"red", "blue"}) {
    v1::PipelineRecord& pipeline = batch.pipelines.emplace_back();
    pipeline.set_id(std::string("p_") + tenant);
    pipeline.set_tenant(tenant);
    pipeline.add_job_ids(pipeline.id() + "/a");
    v1::JobRecord& job = batch.jobs.emplace_back();
    job.set_id(pipeline.id() + "/a");
    job.set_pipeline_id(pipeline.id());
    job.set_tenant(tenant);
    job.set_sequence(++sequence);
    job.set_state(v1::DONE);
    v1::ArtifactRecord& artifact = batch.artifacts.emplace_back();
    artifact.set_id("aaaaaaaa" + std::string(tenant));
    artifact.set_tenant(tenant);
    artifact.set_sequence(sequence);
    job.set_output_id(artifact.id());
  }
  ReadModel model({});
  model.Publish(batch);
  const Actor red{"ann", "red", false};
  const Actor admin{"root", "default", true};

  EXPECT_THAT(Ids(*model.ListJobs({}, red)), ElementsAre("p_red/a"));
  EXPECT_THAT(Ids(*model.ListJobs({}, admin)), ElementsAre("p_blue/a", "p_red/a"));
  v1::ListJobsRequest others;
  others.set_pipeline_id("p_blue");
  EXPECT_TRUE(absl::IsNotFound(model.ListJobs(others, red).status()));
  EXPECT_TRUE(model.FindJob("p_red/a", red).has_value());
  EXPECT_FALSE(model.FindJob("p_blue/a", red).has_value());
  EXPECT_TRUE(model.FindJob("p_blue/a", admin).has_value());
  EXPECT_TRUE(model.HasPipeline("p_red", red));
  EXPECT_FALSE(model.HasPipeline("p_blue", red));
  EXPECT_EQ(model.ListArtifacts({}, red)->artifacts_size(), 1);
  EXPECT_EQ(model.ListArtifacts({}, admin)->artifacts_size(), 2);
  EXPECT_TRUE(model.FindArtifact("aaaaaaaared", red).has_value());
  EXPECT_FALSE(model.FindArtifact("aaaaaaaablue", red).has_value());
  // A prefix of both names one of them to a tenant, and is ambiguous to an admin.
  EXPECT_EQ(model.ResolveArtifact("aaaaaaaa", red)->id(), "aaaaaaaared");
  EXPECT_TRUE(absl::IsInvalidArgument(model.ResolveArtifact("aaaaaaaa", admin).status()));
  EXPECT_TRUE(absl::IsNotFound(model.ResolveArtifact("p_blue/a", red).status()));
  EXPECT_TRUE(absl::IsNotFound(model.ResolveArtifact("aaaaaaaablue", red).status()));
}

}  // namespace
}  // namespace bonsai
