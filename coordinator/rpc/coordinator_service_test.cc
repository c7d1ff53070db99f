// The calls that steer and explain, between gRPC's side and a scheduler that does what it is told.
#include "coordinator/rpc/coordinator_service.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>

#include "coordinator/rpc/fake_scheduler.h"
#include "coordinator/store/memory_record_store.h"

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kPipeline[] = R"(
  jobs { name: "corpus" data { sources { dataset: "c4" format: C4_JSON_GZ paths: "x" } } }
  jobs { name: "tok" tokenizer { corpus: "@corpus" vocab_size: 400 } }
)";

class CoordinatorServiceTest : public testing::Test {
 protected:
  CoordinatorServiceTest() {
    auto scheduler = std::make_unique<FakeScheduler>([this](absl::Time, const Event& event) {
      events_.push_back(event);
      return answer_;
    });
    scheduler_ = scheduler.get();
    DecisionLoop::Options options;
    options.clock = [] { return absl::UnixEpoch(); };
    options.publish = [this](const RecordBatch& batch) { model_.Publish(batch); };
    loop_ = std::make_unique<DecisionLoop>(std::move(scheduler), std::make_unique<MemoryRecordStore>(),
                                           &metrics_, std::move(options));
    submission_ = std::make_unique<PipelineSubmission>(loop_.get(), &model_, &tracks_);
    CoordinatorService::Parts parts = {};
    parts.loop = loop_.get();
    parts.model = &model_;
    parts.submission = submission_.get();
    parts.metrics = &metrics_;
    parts.stopping = &stopping_;
    service_ = std::make_unique<CoordinatorService>(parts);
  }

  void PublishJob(const std::string& id) {
    RecordBatch batch;
    batch.jobs.emplace_back().set_id(id);
    model_.Publish(batch);
  }

  template <typename OneEvent>
  const OneEvent& LastEvent() {
    return std::get<OneEvent>(events_.back());
  }

  std::vector<Event> events_;
  std::vector<Action> answer_;
  Metrics metrics_;
  ReadModel model_{Records()};
  std::vector<v1::Track> tracks_;
  std::atomic<bool> stopping_{false};
  FakeScheduler* scheduler_ = nullptr;
  std::unique_ptr<DecisionLoop> loop_;
  std::unique_ptr<PipelineSubmission> submission_;
  std::unique_ptr<CoordinatorService> service_;
  grpc::ServerContext context_;
};

TEST_F(CoordinatorServiceTest, PausesAndRetriesAsTheActorOfTheCall) {
  ReplyPaused paused;
  paused.response.add_job_ids("p1/a");
  answer_ = {paused};
  v1::PauseRequest pause;
  pause.set_pipeline_id("p1");
  pause.set_resume(true);
  v1::PauseResponse pause_response;
  ASSERT_TRUE(service_->Pause(&context_, &pause, &pause_response).ok());
  EXPECT_THAT(pause_response.job_ids(), ElementsAre("p1/a"));
  EXPECT_TRUE(LastEvent<PauseRequested>().resume);
  EXPECT_EQ(LastEvent<PauseRequested>().actor.name, "anonymous");

  answer_ = {Reject{absl::NotFoundError("there is no job or pipeline \"p9\"")}};
  v1::RetryRequest retry;
  retry.set_id("p9");
  v1::RetryResponse retry_response;
  const grpc::Status refused = service_->Retry(&context_, &retry, &retry_response);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(LastEvent<RetryRequested>().id, "p9");
}

TEST_F(CoordinatorServiceTest, CordonsAWorkerAndBoundsTheReason) {
  ReplyWorkerSet reply;
  reply.response.mutable_worker()->set_cordoned(true);
  answer_ = {reply};
  v1::SetWorkerRequest request;
  request.set_worker_id("w1");
  request.set_action(v1::SetWorkerRequest::CORDON);
  request.set_reason("new disk");
  v1::SetWorkerResponse response;
  ASSERT_TRUE(service_->SetWorker(&context_, &request, &response).ok());
  EXPECT_TRUE(response.worker().cordoned());
  EXPECT_EQ(LastEvent<WorkerSet>().request.reason(), "new disk");
  request.set_reason(std::string(501, 'x'));
  EXPECT_EQ(service_->SetWorker(&context_, &request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(CoordinatorServiceTest, ExplainsAndTellsTheHistoryOfAJobThatIsThere) {
  PublishJob("p1/a");
  scheduler_->explanation->set_reason("waits for 2 cpus");
  v1::ExplainJobRequest request;
  request.set_job_id("p1/a");
  v1::ExplainJobResponse response;
  ASSERT_TRUE(service_->ExplainJob(&context_, &request, &response).ok());
  EXPECT_EQ(response.reason(), "waits for 2 cpus");
  scheduler_->explanation = absl::NotFoundError("not known to the scheduler");
  EXPECT_EQ(service_->ExplainJob(&context_, &request, &response).error_code(), grpc::StatusCode::NOT_FOUND);

  AppendHistory append;
  append.entry.set_job_id("p1/a");
  append.entry.set_number(1);
  append.entry.set_what("submitted");
  ReplyRetried reply;
  answer_ = {append, reply};
  v1::RetryResponse retried;
  ASSERT_TRUE(service_->Retry(&context_, std::make_unique<v1::RetryRequest>().get(), &retried).ok());
  v1::GetHistoryRequest history;
  history.set_job_id("p1/a");
  v1::GetHistoryResponse entries;
  ASSERT_TRUE(service_->GetHistory(&context_, &history, &entries).ok());
  ASSERT_EQ(entries.entries_size(), 1);
  EXPECT_EQ(entries.entries(0).what(), "submitted");
  history.set_job_id("p9/a");
  EXPECT_EQ(service_->GetHistory(&context_, &history, &entries).error_code(), grpc::StatusCode::NOT_FOUND);
  request.set_job_id("p9/a");
  EXPECT_EQ(service_->ExplainJob(&context_, &request, &response).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(CoordinatorServiceTest, ADryRunForecastsEveryJobAndSubmitsNothing) {
  v1::SubmitPipelineRequest request;
  request.set_dry_run(true);
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(kPipeline, request.mutable_pipeline()));
  v1::SubmitPipelineResponse response;
  const grpc::Status status = service_->SubmitPipeline(&context_, &request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(events_.empty());
  ASSERT_EQ(response.forecasts_size(), 2);
  EXPECT_EQ(response.forecasts(1).job(), "tok");
  EXPECT_TRUE(response.forecasts(1).can_run());
  EXPECT_THAT(response.order(), ElementsAre("corpus", "tok"));
}

TEST_F(CoordinatorServiceTest, ChecksTheWholePipelineOfASchedule) {
  v1::PutScheduleRequest request;
  request.mutable_schedule()->set_name("nightly");
  request.mutable_schedule()->set_cron("0 3 * * *");
  v1::PutScheduleResponse response;
  grpc::Status status = service_->PutSchedule(&context_, &request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("jobs is empty"));
  EXPECT_TRUE(events_.empty());

  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(kPipeline,
                                                            request.mutable_schedule()->mutable_pipeline()));
  ReplyScheduled reply;
  *reply.response.mutable_schedule() = request.schedule();
  answer_ = {reply};
  status = service_->PutSchedule(&context_, &request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.schedule().name(), "nightly");
  EXPECT_EQ(LastEvent<SchedulePut>().inputs.size(), 2u);
}

TEST_F(CoordinatorServiceTest, ListsAndDeletesSchedulesAndTellsUsage) {
  scheduler_->schedules.emplace_back().set_name("nightly");
  v1::ListSchedulesResponse schedules;
  ASSERT_TRUE(
      service_->ListSchedules(&context_, std::make_unique<v1::ListSchedulesRequest>().get(), &schedules)
          .ok());
  EXPECT_EQ(schedules.schedules(0).name(), "nightly");
  answer_ = {ReplyScheduleDeleted{}};
  v1::DeleteScheduleRequest request;
  request.set_name("nightly");
  v1::DeleteScheduleResponse deleted;
  ASSERT_TRUE(service_->DeleteSchedule(&context_, &request, &deleted).ok());
  EXPECT_EQ(LastEvent<ScheduleDeleted>().name, "nightly");
  scheduler_->usage.emplace_back().set_tenant("red");
  v1::GetUsageResponse usage;
  ASSERT_TRUE(service_->GetUsage(&context_, std::make_unique<v1::GetUsageRequest>().get(), &usage).ok());
  EXPECT_EQ(usage.tenants(0).tenant(), "red");
}

}  // namespace
}  // namespace bonsai
