// Two tenants over a real server: each sees, reads and stops what is its own, and nothing else.
#include "coordinator/secure_fixture.h"
#include "gmock/gmock.h"

namespace bonsai {
namespace {

using grpc::StatusCode;
using testing::IsEmpty;

class TenantsTest : public SecureFixture {
 protected:
  // Ann's pipeline of one job, which has run; bob knows all its names.
  void SetUp() override {
    SecureFixture::SetUp();
    client_ = v1::Coordinator::NewStub(ChannelOf("ann"));
    workers_ = v1::Workers::NewStub(ChannelOf("worker"));
    ann_ = v1::Coordinator::NewStub(ChannelOf("ann"));
    bob_ = v1::Coordinator::NewStub(ChannelOf("bob"));
    root_ = v1::Coordinator::NewStub(ChannelOf("root"));
    v1::SubmitPipelineResponse submitted;
    const grpc::Status status = Submit("r1", OneJob(), &submitted);
    ASSERT_TRUE(status.ok()) << status.error_message();
    v1::SynchronizeResponse response = Synchronize();
    ASSERT_EQ(response.desired_size(), 1);
    const v1::Task task = response.desired(0);
    artifact_ = PutArtifact("corpus", task.job_id(), "corpus.bin", "ann's secret");
    Synchronize({Exited(task, v1::RankReport::DONE, artifact_)});
    ASSERT_EQ(GetJob("p1/corpus").job().state(), v1::DONE);
  }

  // The code of a call that answers with one message.
  template <typename Request, typename Response>
  static StatusCode Code(v1::Coordinator::Stub& stub,
                         grpc::Status (v1::Coordinator::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                       Response*),
                         const Request& request, Response* response) {
    CallContext context;
    return (stub.*method)(&context, request, response).error_code();
  }

  // The code of a call that streams, and what it streamed.
  template <typename Reader>
  static StatusCode Drain(Reader reader, std::string* data = nullptr) {
    v1::ReadBlobResponse response;
    while (reader->Read(&response)) {
      if (data != nullptr) *data += response.data();
    }
    return reader->Finish().error_code();
  }

  static StatusCode ReadBlob(v1::Coordinator::Stub& stub, const std::string& sha256, std::string* data) {
    CallContext context;
    v1::ReadBlobRequest request;
    request.set_sha256(sha256);
    return Drain(stub.ReadBlob(&context, request), data);
  }

  std::unique_ptr<v1::Coordinator::Stub> ann_, bob_, root_;
  std::string artifact_;
};

TEST_F(TenantsTest, ListsHoldOnlyWhatIsOnesOwn) {
  for (const auto& [stub, count] :
       {std::pair(ann_.get(), 1), std::pair(bob_.get(), 0), std::pair(root_.get(), 1)}) {
    v1::ListJobsResponse jobs;
    EXPECT_EQ(Code(*stub, &v1::Coordinator::Stub::ListJobs, v1::ListJobsRequest(), &jobs), StatusCode::OK);
    EXPECT_EQ(jobs.jobs_size(), count);
    v1::ListArtifactsResponse artifacts;
    EXPECT_EQ(Code(*stub, &v1::Coordinator::Stub::ListArtifacts, v1::ListArtifactsRequest(), &artifacts),
              StatusCode::OK);
    EXPECT_EQ(artifacts.artifacts_size(), count);
  }
}

TEST_F(TenantsTest, WhatBelongsToAnotherIsNotThere) {
  v1::GetJobRequest job;
  job.set_job_id("p1/corpus");
  v1::JobStatus status;
  EXPECT_EQ(Code(*bob_, &v1::Coordinator::Stub::GetJob, job, &status), StatusCode::NOT_FOUND);
  v1::ExplainJobRequest explain;
  explain.set_job_id("p1/corpus");
  v1::ExplainJobResponse explained;
  EXPECT_EQ(Code(*bob_, &v1::Coordinator::Stub::ExplainJob, explain, &explained), StatusCode::NOT_FOUND);
  v1::GetHistoryRequest history;
  history.set_job_id("p1/corpus");
  v1::GetHistoryResponse entries;
  EXPECT_EQ(Code(*bob_, &v1::Coordinator::Stub::GetHistory, history, &entries), StatusCode::NOT_FOUND);
  for (const std::string& id : {artifact_, artifact_.substr(0, 12), std::string("p1/corpus")}) {
    v1::GetArtifactRequest get;
    get.set_id(id);
    v1::GetArtifactResponse artifact;
    EXPECT_EQ(Code(*bob_, &v1::Coordinator::Stub::GetArtifact, get, &artifact), StatusCode::NOT_FOUND) << id;
    EXPECT_EQ(Code(*ann_, &v1::Coordinator::Stub::GetArtifact, get, &artifact), StatusCode::OK) << id;
  }
}

TEST_F(TenantsTest, StreamsOfAnothersJobsAreRefused) {
  CallContext watch_context, log_context;
  v1::WatchPipelineRequest watch;
  watch.set_pipeline_id("p1");
  v1::WatchPipelineResponse change;
  auto watcher = bob_->WatchPipeline(&watch_context, watch);
  EXPECT_FALSE(watcher->Read(&change));
  EXPECT_EQ(watcher->Finish().error_code(), StatusCode::NOT_FOUND);
  v1::ReadLogRequest log;
  log.set_job_id("p1/corpus");
  v1::ReadLogResponse line;
  auto reader = bob_->ReadLog(&log_context, log);
  EXPECT_FALSE(reader->Read(&line));
  EXPECT_EQ(reader->Finish().error_code(), StatusCode::NOT_FOUND);
}

TEST_F(TenantsTest, NobodyStopsOrStartsWhatIsAnothers) {
  v1::SubmitPipelineResponse submitted;
  ASSERT_TRUE(Submit("r2", OneJob(), &submitted).ok());
  for (const char* id : {"p2", "p2/corpus"}) {
    v1::CancelRequest cancel;
    cancel.set_id(id);
    v1::CancelResponse cancelled;
    EXPECT_EQ(Code(*bob_, &v1::Coordinator::Stub::Cancel, cancel, &cancelled), StatusCode::NOT_FOUND);
    v1::RetryRequest retry;
    retry.set_id(id);
    v1::RetryResponse retried;
    EXPECT_EQ(Code(*bob_, &v1::Coordinator::Stub::Retry, retry, &retried), StatusCode::NOT_FOUND);
  }
  v1::PauseRequest pause;
  pause.set_pipeline_id("p2");
  v1::PauseResponse paused;
  EXPECT_EQ(Code(*bob_, &v1::Coordinator::Stub::Pause, pause, &paused), StatusCode::NOT_FOUND);
  Synchronize();
  EXPECT_EQ(GetJob("p2/corpus").job().state(), v1::RUNNING);
  v1::CancelRequest cancel;
  cancel.set_id("p2");
  v1::CancelResponse cancelled;
  EXPECT_EQ(Code(*ann_, &v1::Coordinator::Stub::Cancel, cancel, &cancelled), StatusCode::OK);
}

TEST_F(TenantsTest, KnowingABlobsNameDoesNotGiveItsBytes) {
  v1::GetArtifactRequest get;
  get.set_id(artifact_);
  v1::GetArtifactResponse artifact;
  ASSERT_EQ(Code(*ann_, &v1::Coordinator::Stub::GetArtifact, get, &artifact), StatusCode::OK);
  const std::string blob = artifact.manifest().files(0).blob().sha256();
  for (const std::string& sha256 : {blob, artifact_}) {
    std::string stolen, own, seen;
    EXPECT_EQ(ReadBlob(*bob_, sha256, &stolen), StatusCode::NOT_FOUND);
    EXPECT_THAT(stolen, IsEmpty());
    EXPECT_EQ(ReadBlob(*ann_, sha256, &own), StatusCode::OK);
    EXPECT_EQ(ReadBlob(*root_, sha256, &seen), StatusCode::OK);
    EXPECT_EQ(own, seen);
  }
  std::string bytes;
  ReadBlob(*v1::Coordinator::NewStub(ChannelOf("worker")), blob, &bytes);
  EXPECT_EQ(bytes, "ann's secret");
}

TEST_F(TenantsTest, AnothersArtifactIsNoInput) {
  v1::Pipeline pipeline;
  pipeline.set_name("thief");
  v1::JobSpec* job = pipeline.add_jobs();
  job->set_name("tokenizer");
  job->mutable_tokenizer()->set_corpus(artifact_);
  job->mutable_tokenizer()->set_vocab_size(512);
  client_ = v1::Coordinator::NewStub(ChannelOf("bob"));
  v1::SubmitPipelineResponse submitted;
  EXPECT_EQ(Submit("r3", pipeline, &submitted).error_code(), StatusCode::INVALID_ARGUMENT);
  client_ = v1::Coordinator::NewStub(ChannelOf("ann"));
  const grpc::Status own = Submit("r4", pipeline, &submitted);
  EXPECT_TRUE(own.ok()) << own.error_message();
}

TEST_F(TenantsTest, AJobCountsAgainstItsTokensTenantWhateverItsRequestSays) {
  EXPECT_EQ(GetJob("p1/corpus").job().tenant(), "red");
}

}  // namespace
}  // namespace bonsai
