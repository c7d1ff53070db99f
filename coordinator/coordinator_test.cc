#include "coordinator/coordinator.h"

#include <future>
#include <thread>

#include "coordinator/coordinator_fixture.h"
#include "gmock/gmock.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CoordinatorTest : public CoordinatorFixture {
 protected:
  void SetUp() override {
    CoordinatorFixture::SetUp();
    Start();
  }

  std::string SubmitOne(const std::string& request_id = "r1") {
    v1::SubmitPipelineResponse response;
    const grpc::Status status = Submit(request_id, OneJob(), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.pipeline_id();
  }

  // Submits one job and has "w1" take it.
  v1::Task StartOne() {
    SubmitOne();
    const v1::SynchronizeResponse response = Synchronize();
    EXPECT_EQ(response.desired_size(), 1);
    return response.desired_size() == 1 ? response.desired(0) : v1::Task();
  }

  grpc::Status Append(const v1::Task& task, uint64_t offset, const std::string& data,
                      v1::AppendLogResponse* response,
                      v1::AppendLogRequest::Stream stream = v1::AppendLogRequest::LOG) {
    v1::AppendLogRequest request;
    request.set_job_id(task.job_id());
    request.set_attempt(task.attempt());
    request.set_rank(task.rank());
    request.set_stream(stream);
    request.set_offset(offset);
    request.set_data(data);
    CallContext context;
    return workers_->AppendLog(&context, request, response);
  }

  std::string ReadLog(const v1::ReadLogRequest& request) {
    CallContext context;
    auto reader = client_->ReadLog(&context, request);
    std::string text;
    for (v1::ReadLogResponse response; reader->Read(&response);) text += response.data();
    const grpc::Status status = reader->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return text;
  }
};

TEST_F(CoordinatorTest, SubmitsOncePerRequestId) {
  v1::SubmitPipelineResponse first;
  ASSERT_TRUE(Submit("r1", OneJob(), &first).ok());
  EXPECT_EQ(first.pipeline_id(), "p1");
  EXPECT_THAT(first.job_ids(), ElementsAre("p1/corpus"));
  EXPECT_THAT(first.order(), ElementsAre("corpus"));
  v1::SubmitPipelineResponse again;
  ASSERT_TRUE(Submit("r1", OneJob(), &again).ok());
  EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(SubmitOne("r2"), "p2");
}

TEST_F(CoordinatorTest, RefusesABadSubmissionAndStoresNothing) {
  v1::SubmitPipelineResponse response;
  EXPECT_EQ(Submit("", OneJob(), &response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Submit(std::string(65, 'x'), OneJob(), &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  v1::Pipeline bad = OneJob();
  bad.mutable_jobs(0)->mutable_data()->mutable_sources(0)->clear_paths();
  const grpc::Status status = Submit("r1", bad, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("data.sources[0].paths"));
  CallContext context;
  v1::ListJobsResponse jobs;
  ASSERT_TRUE(client_->ListJobs(&context, {}, &jobs).ok());
  EXPECT_EQ(jobs.jobs_size(), 0);
}

TEST_F(CoordinatorTest, ADryRunStoresNothing) {
  v1::SubmitPipelineResponse response;
  ASSERT_TRUE(Submit("", OneJob(), &response, true).ok());
  EXPECT_EQ(response.pipeline_id(), "");
  EXPECT_THAT(response.order(), ElementsAre("corpus"));
  CallContext context;
  v1::ListJobsResponse jobs;
  ASSERT_TRUE(client_->ListJobs(&context, {}, &jobs).ok());
  EXPECT_EQ(jobs.jobs_size(), 0);
}

TEST_F(CoordinatorTest, RunsAJobAndPublishesItsOutput) {
  const v1::Task task = StartOne();
  EXPECT_EQ(task.job_id(), "p1/corpus");
  EXPECT_EQ(task.code_version(), "test-1");
  v1::RankReport running = Running(task);
  running.mutable_progress()->set_step(3);
  running.mutable_sample()->add_metrics()->set_name("documents_per_second");
  Synchronize({running});
  EXPECT_EQ(GetJob("p1/corpus").progress().step(), 3u);
  EXPECT_EQ(GetJob("p1/corpus").sample().metrics(0).name(), "documents_per_second");
  const std::string output = PutArtifact("corpus", task.job_id(), "documents.binpb", "some documents");
  Synchronize({Exited(task, v1::RankReport::DONE, output)});
  EXPECT_EQ(GetJob("p1/corpus").job().state(), v1::DONE);

  CallContext context;
  v1::GetArtifactRequest request;
  request.set_id("p1/corpus");
  v1::GetArtifactResponse artifact;
  ASSERT_TRUE(client_->GetArtifact(&context, request, &artifact).ok());
  EXPECT_EQ(artifact.record().id(), output);
  EXPECT_EQ(artifact.record().size_bytes(), 14u);
  EXPECT_GT(artifact.record().created_unix_ms(), 0);
  EXPECT_EQ(artifact.manifest().files(0).path(), "documents.binpb");
}

TEST_F(CoordinatorTest, DoesNotAcceptAnOutputWhoseBlobIsMissing) {
  const v1::Task task = StartOne();
  const std::string output = PutArtifact("corpus", task.job_id(), "documents.binpb", "soon gone");
  const v1::Manifest manifest = *GetManifest(*blobs_, output);
  std::filesystem::remove(*blobs_->LocalPath(manifest.files(0).blob()));
  Synchronize({Exited(task, v1::RankReport::DONE, output)});
  const v1::JobRecord job = GetJob("p1/corpus").job();
  EXPECT_NE(job.state(), v1::DONE);
  EXPECT_EQ(job.attempts(0).outcome(), v1::AttemptRecord::FAILED);
  EXPECT_EQ(job.output_id(), "");
}

TEST_F(CoordinatorTest, DoesNotAcceptAnotherJobsArtifact) {
  const v1::Task task = StartOne();
  const std::string output = PutArtifact("corpus", "p7/corpus", "documents.binpb", "not mine");
  Synchronize({Exited(task, v1::RankReport::DONE, output)});
  EXPECT_NE(GetJob("p1/corpus").job().state(), v1::DONE);
}

TEST_F(CoordinatorTest, SaysWhyAJobWaits) {
  SubmitOne();
  EXPECT_THAT(GetJob("p1/corpus").job().reason(), testing::Not(testing::IsEmpty()));
  CallContext context;
  v1::GetJobRequest request;
  request.set_job_id("p1/none");
  v1::JobStatus status;
  EXPECT_EQ(client_->GetJob(&context, request, &status).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(CoordinatorTest, ListsWorkers) {
  const v1::Task task = StartOne();
  Synchronize({Running(task)});
  CallContext context;
  v1::ListWorkersResponse response;
  ASSERT_TRUE(client_->ListWorkers(&context, {}, &response).ok());
  ASSERT_EQ(response.workers_size(), 1);
  EXPECT_EQ(response.workers(0).worker_id(), "w1");
  EXPECT_TRUE(response.workers(0).live());
  EXPECT_EQ(response.workers(0).running_size(), 1);
}

TEST_F(CoordinatorTest, WatchersSeeEveryStateUntilTheEnd) {
  SubmitOne();
  CallContext context;
  v1::WatchPipelineRequest request;
  request.set_pipeline_id("p1");
  auto reader = client_->WatchPipeline(&context, request);
  v1::WatchPipelineResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.jobs(0).job().state(), v1::READY);
  const v1::Task task = Synchronize().desired(0);
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.jobs(0).job().state(), v1::RUNNING);
  const std::string output = PutArtifact("corpus", task.job_id(), "documents.binpb", "x");
  Synchronize({Exited(task, v1::RankReport::DONE, output)});
  while (reader->Read(&response) && !response.ended()) {
  }
  EXPECT_TRUE(response.ended());
  EXPECT_EQ(response.jobs(0).job().state(), v1::DONE);
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(CoordinatorTest, FiftyWatchersDoNotStarveWorkers) {
  SubmitOne();
  std::vector<std::unique_ptr<CallContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::WatchPipelineResponse>>> readers;
  v1::WatchPipelineRequest request;
  request.set_pipeline_id("p1");
  for (int i = 0; i < 50; ++i) {
    contexts.push_back(std::make_unique<CallContext>());
    readers.push_back(client_->WatchPipeline(contexts.back().get(), request));
  }
  v1::WatchPipelineResponse response;
  for (auto& reader : readers) ASSERT_TRUE(reader->Read(&response));  // all of them hold their stream
  const v1::Task task = Synchronize().desired(0);
  const std::string output = PutArtifact("corpus", task.job_id(), "documents.binpb", "x");
  Synchronize({Exited(task, v1::RankReport::DONE, output)});
  for (auto& reader : readers) {
    while (reader->Read(&response)) {
    }
    EXPECT_TRUE(response.ended());
    EXPECT_TRUE(reader->Finish().ok());
  }
}

TEST_F(CoordinatorTest, StopsWithinTwoSecondsWithWatchersAndFollowers) {
  SubmitOne();
  CallContext watch_context, follow_context;
  v1::WatchPipelineRequest watch;
  watch.set_pipeline_id("p1");
  auto watcher = client_->WatchPipeline(&watch_context, watch);
  v1::WatchPipelineResponse seen;
  ASSERT_TRUE(watcher->Read(&seen));
  v1::ReadLogRequest follow;
  follow.set_job_id("p1/corpus");
  follow.set_follow(true);
  auto follower = client_->ReadLog(&follow_context, follow);
  follower->WaitForInitialMetadata();
  const absl::Time start = absl::Now();
  coordinator_->Stop();
  EXPECT_LT(absl::Now() - start, absl::Seconds(2));
  EXPECT_FALSE(watcher->Read(&seen));
  EXPECT_EQ(watcher->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(CoordinatorTest, CancelsAPipeline) {
  SubmitOne();
  CallContext context;
  v1::CancelRequest request;
  request.set_id("p1");
  v1::CancelResponse response;
  ASSERT_TRUE(client_->Cancel(&context, request, &response).ok());
  EXPECT_THAT(response.job_ids(), ElementsAre("p1/corpus"));
  EXPECT_EQ(GetJob("p1/corpus").job().state(), v1::CANCELLED);
  CallContext again;
  request.set_id("p9");
  EXPECT_EQ(client_->Cancel(&again, request, &response).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(CoordinatorTest, KeepsLogsAndSamples) {
  const v1::Task task = StartOne();
  v1::AppendLogResponse response;
  ASSERT_TRUE(Append(task, 0, "line 1\n", &response).ok());
  EXPECT_EQ(response.size_bytes(), 7u);
  ASSERT_TRUE(Append(task, 3, "e 1\nline 2\n", &response).ok());
  EXPECT_EQ(response.size_bytes(), 14u);
  ASSERT_TRUE(Append(task, 0, "{}\n", &response, v1::AppendLogRequest::SAMPLES).ok());
  v1::ReadLogRequest request;
  request.set_job_id("p1/corpus");
  EXPECT_EQ(ReadLog(request), "line 1\nline 2\n");
  request.set_offset(7);
  EXPECT_EQ(ReadLog(request), "line 2\n");
  request.set_offset(0);
  request.set_samples(true);
  EXPECT_EQ(ReadLog(request), "{}\n");
}

TEST_F(CoordinatorTest, RefusesLogsOfWhatIsNotOnRecord) {
  v1::Task task = StartOne();
  v1::AppendLogResponse response;
  task.set_attempt(2);
  EXPECT_EQ(Append(task, 0, "x", &response).error_code(), grpc::StatusCode::NOT_FOUND);
  task.set_attempt(1);
  task.set_rank(1);
  EXPECT_EQ(Append(task, 0, "x", &response).error_code(), grpc::StatusCode::NOT_FOUND);
  task.set_rank(0);
  task.set_job_id("../../etc");
  EXPECT_EQ(Append(task, 0, "x", &response).error_code(), grpc::StatusCode::NOT_FOUND);
  task.set_job_id("p1/corpus");
  EXPECT_EQ(Append(task, 0, "x", &response, v1::AppendLogRequest::STREAM_UNSPECIFIED).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(CoordinatorTest, FollowsALogOverTwoAttemptsToTheEndOfTheJob) {
  v1::Task task = StartOne();
  v1::ReadLogRequest request;
  request.set_job_id("p1/corpus");
  request.set_follow(true);
  std::future<std::string> followed = std::async(std::launch::async, [&] { return ReadLog(request); });
  v1::AppendLogResponse response;
  ASSERT_TRUE(Append(task, 0, "first attempt\n", &response).ok());
  Synchronize({Exited(task, v1::RankReport::FAILED, "")});
  // The job backs off for a second or so before it is tried again.
  v1::SynchronizeResponse next;
  const absl::Time end = absl::Now() + absl::Seconds(20);
  while (next.desired_size() == 0 && absl::Now() < end) next = Synchronize();
  ASSERT_EQ(next.desired_size(), 1);
  task = next.desired(0);
  EXPECT_EQ(task.attempt(), 2u);
  ASSERT_TRUE(Append(task, 0, "second attempt\n", &response).ok());
  const std::string output = PutArtifact("corpus", task.job_id(), "documents.binpb", "x");
  Synchronize({Exited(task, v1::RankReport::DONE, output)});
  ASSERT_TRUE(Append(task, 15, "last words\n", &response).ok());
  EXPECT_THAT(followed.get(), testing::EndsWith("second attempt\nlast words\n"));
}

TEST_F(CoordinatorTest, ReadsBlobsFromAnOffset) {
  std::string bytes(3 << 20, 'a');
  bytes += "end";
  const v1::Blob blob = *blobs_->Put(bytes);
  const auto read = [&](const std::string& sha256, uint64_t offset, std::string* text) {
    CallContext context;
    v1::ReadBlobRequest request;
    request.set_sha256(sha256);
    request.set_offset(offset);
    auto reader = client_->ReadBlob(&context, request);
    text->clear();
    for (v1::ReadBlobResponse response; reader->Read(&response);) *text += response.data();
    return reader->Finish().error_code();
  };
  std::string text;
  EXPECT_EQ(read(blob.sha256(), 0, &text), grpc::StatusCode::OK);
  EXPECT_EQ(text, bytes);
  EXPECT_EQ(read(blob.sha256(), 3 << 20, &text), grpc::StatusCode::OK);
  EXPECT_EQ(text, "end");
  EXPECT_EQ(read(blob.sha256(), (3 << 20) + 4, &text), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(read(std::string(64, '0'), 0, &text), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(read("../../../../etc/passwd", 0, &text), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(CoordinatorTest, WritesItsAddressesAndUsesThePortAgain) {
  const std::string address = coordinator_->address();
  EXPECT_EQ(*ReadFileBytes(folder_ + "/state/address", 100), address + "\n");
  EXPECT_EQ(*ReadFileBytes(folder_ + "/state/metrics_address", 100), coordinator_->metrics_address() + "\n");
  Restart();
  EXPECT_EQ(coordinator_->address(), address);
}

TEST_F(CoordinatorTest, RestartsWithAllThatItAcknowledged) {
  SubmitOne();
  const v1::Task task = Synchronize().desired(0);
  const std::string output = PutArtifact("corpus", task.job_id(), "documents.binpb", "x");
  Synchronize({Exited(task, v1::RankReport::DONE, output)});
  Restart();
  EXPECT_EQ(GetJob("p1/corpus").job().output_id(), output);
  EXPECT_EQ(SubmitOne("r1"), "p1");
  EXPECT_EQ(SubmitOne("r2"), "p2");
}

TEST_F(CoordinatorTest, AFolderBelongsToOneCoordinator) {
  absl::StatusOr<std::unique_ptr<Coordinator>> second =
      Coordinator::Start(*ParseCoordinatorConfig("test", ConfigText()));
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("state_dir"));
}

TEST_F(CoordinatorTest, ABadTrackIsAStartError) {
  coordinator_ = nullptr;
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/share/tracks/bad.textproto", "name: 'bad'\ncolour: 3\n").ok());
  absl::StatusOr<std::unique_ptr<Coordinator>> second =
      Coordinator::Start(*ParseCoordinatorConfig("test", ConfigText()));
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("bad.textproto:2:"));
}

}  // namespace
}  // namespace bonsai
