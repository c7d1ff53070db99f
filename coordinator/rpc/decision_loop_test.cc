#include "coordinator/rpc/decision_loop.h"

#include <atomic>
#include <future>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "coordinator/rpc/fake_scheduler.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Commits are held while the gate is shut; so a test decides what one batch holds.
class GatedStore : public RecordStore {
 public:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool open = true;
    int entered = 0;  // commits that were begun
    absl::Status result;
    std::vector<RecordBatch> batches;

    void Open() {
      std::lock_guard<std::mutex> lock(mutex);
      open = true;
      changed.notify_all();
    }
    void Shut() {
      std::lock_guard<std::mutex> lock(mutex);
      open = false;
    }
    void AwaitCommit(int count) {
      std::unique_lock<std::mutex> lock(mutex);
      changed.wait(lock, [&] { return entered >= count; });
    }
  };

  explicit GatedStore(State* state) : state_(state) {}
  absl::StatusOr<Records> Load() override { return Records{}; }
  absl::Status Commit(const RecordBatch& batch) override {
    std::unique_lock<std::mutex> lock(state_->mutex);
    ++state_->entered;
    state_->changed.notify_all();
    state_->changed.wait(lock, [&] { return state_->open; });
    if (state_->result.ok()) state_->batches.push_back(batch);
    return state_->result;
  }
  absl::StatusOr<std::vector<v1::HistoryEntry>> ReadHistory(absl::string_view job_id, uint64_t after,
                                                            size_t limit) override {
    std::vector<v1::HistoryEntry> entries;
    std::lock_guard<std::mutex> lock(state_->mutex);
    for (const RecordBatch& batch : state_->batches) {
      for (const v1::HistoryEntry& entry : batch.history) {
        if (entry.job_id() == job_id && entry.number() > after && entries.size() < limit)
          entries.push_back(entry);
      }
    }
    return entries;
  }

 private:
  State* const state_;
};

// Puts a pipeline named after the request id.
std::vector<Action> StoreSubmission(absl::Time, const Event& event) {
  const auto* submitted = std::get_if<PipelineSubmitted>(&event);
  if (submitted == nullptr) return {};
  if (submitted->request_id == "refused")
    return {Reject{absl::AlreadyExistsError("refused by the scheduler")}};
  PutPipeline put;
  put.record.set_id(submitted->request_id);
  ReplySubmitted reply;
  reply.response.set_pipeline_id(submitted->request_id);
  return {put, reply};
}

class DecisionLoopTest : public ::testing::Test {
 protected:
  std::unique_ptr<DecisionLoop> MakeLoop(DecisionLoop::Options options = {},
                                         FakeScheduler::Rule rule = StoreSubmission) {
    auto scheduler = std::make_unique<FakeScheduler>(std::move(rule));
    scheduler_ = scheduler.get();
    if (!options.clock) options.clock = [] { return absl::UnixEpoch(); };
    return std::make_unique<DecisionLoop>(std::move(scheduler), std::make_unique<GatedStore>(&store_),
                                          &metrics_, std::move(options));
  }

  static std::future<absl::StatusOr<v1::SubmitPipelineResponse>> Submit(DecisionLoop& loop,
                                                                        const std::string& id) {
    return std::async(std::launch::async, [&loop, id] { return loop.Decide(PipelineSubmitted{id, {}, {}}); });
  }

  // Waits until that many events are in the queue.
  void AwaitQueue(int events) {
    while (metrics_.Text().find(absl::StrCat("bonsai_event_queue_depth ", events, "\n")) ==
           std::string::npos) {
      std::this_thread::yield();
    }
  }

  GatedStore::State store_;
  Metrics metrics_;
  FakeScheduler* scheduler_ = nullptr;
};

// Answers every event that a client may send, and keeps a record for each.
struct AnswerAll {
  std::vector<Action> operator()(const PipelineSubmitted&) const { return {}; }
  std::vector<Action> operator()(const CancelRequested&) const { return {}; }
  std::vector<Action> operator()(const PauseRequested& event) const {
    ReplyPaused reply;
    reply.response.add_job_ids(event.pipeline_id + "/a");
    AppendHistory append;
    append.entry.set_job_id(event.pipeline_id + "/a");
    append.entry.set_number(1);
    append.entry.set_actor(event.actor.name);
    return {append, reply};
  }
  std::vector<Action> operator()(const RetryRequested& event) const {
    ReplyRetried reply;
    reply.response.add_job_ids(event.id);
    return {reply};
  }
  std::vector<Action> operator()(const WorkerSet& event) const {
    PutWorker put;
    put.record.set_id(event.request.worker_id());
    put.record.set_cordoned(event.request.action() == v1::SetWorkerRequest::CORDON);
    ReplyWorkerSet reply;
    *reply.response.mutable_worker() = put.record;
    return {put, reply};
  }
  std::vector<Action> operator()(const SchedulePut& event) const {
    ReplyScheduled reply;
    *reply.response.mutable_schedule() = event.schedule;
    return {PutSchedule{event.schedule}, reply};
  }
  std::vector<Action> operator()(const ScheduleDeleted& event) const {
    if (event.name == "wrong answer") return {ReplyPaused{}};
    return {DropSchedule{event.name}, ReplyScheduleDeleted{}};
  }
  std::vector<Action> operator()(const WorkerSynchronized&) const { return {}; }
  std::vector<Action> operator()(const ArtifactImported&) const { return {}; }
  std::vector<Action> operator()(const DeadlineReached&) const { return {}; }
};

bool Ready(const std::future<absl::StatusOr<v1::SubmitPipelineResponse>>& future) {
  return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

TEST_F(DecisionLoopTest, AnswersOnlyAfterTheCommitAndThePublication) {
  std::atomic<bool> published{false};
  DecisionLoop::Options options;
  options.publish = [&](const RecordBatch& batch) {
    EXPECT_EQ(batch.pipelines.size(), 1u);
    published = true;
  };
  auto loop = MakeLoop(std::move(options));
  store_.Shut();
  auto reply = Submit(*loop, "p1");
  store_.AwaitCommit(1);
  EXPECT_FALSE(Ready(reply));
  EXPECT_FALSE(published);
  store_.Open();
  EXPECT_EQ(reply.get()->pipeline_id(), "p1");
  EXPECT_TRUE(published);
}

TEST_F(DecisionLoopTest, CommitsWhatArrivedMeanwhileAsOneBatchInOrder) {
  auto loop = MakeLoop();
  store_.Shut();
  auto first = Submit(*loop, "p1");
  store_.AwaitCommit(1);
  std::vector<std::future<absl::StatusOr<v1::SubmitPipelineResponse>>> rest;
  for (int i = 2; i <= 6; ++i) {
    rest.push_back(Submit(*loop, absl::StrCat("p", i)));
    AwaitQueue(i - 1);
  }
  store_.Open();
  EXPECT_TRUE(first.get().ok());
  for (auto& reply : rest) EXPECT_TRUE(reply.get().ok());
  ASSERT_EQ(store_.batches.size(), 2u);
  std::vector<std::string> ids;
  for (const v1::PipelineRecord& record : store_.batches[1].pipelines) ids.push_back(record.id());
  EXPECT_THAT(ids, ElementsAre("p2", "p3", "p4", "p5", "p6"));
}

TEST_F(DecisionLoopTest, BoundsABatch) {
  DecisionLoop::Options options;
  options.batch_max = 2;
  auto loop = MakeLoop(std::move(options));
  store_.Shut();
  std::vector<std::future<absl::StatusOr<v1::SubmitPipelineResponse>>> replies;
  replies.push_back(Submit(*loop, "p1"));
  store_.AwaitCommit(1);
  for (int i = 2; i <= 6; ++i) replies.push_back(Submit(*loop, absl::StrCat("p", i)));
  AwaitQueue(5);
  store_.Open();
  for (auto& reply : replies) EXPECT_TRUE(reply.get().ok());
  EXPECT_EQ(store_.batches.size(), 4u);
}

TEST_F(DecisionLoopTest, AcknowledgesNothingWhenTheCommitFails) {
  absl::Notification failed;
  std::atomic<bool> published{false};
  DecisionLoop::Options options;
  options.publish = [&](const RecordBatch&) { published = true; };
  options.commit_failed = [&](const absl::Status& status) {
    EXPECT_EQ(status.message(), "the disk is gone");
    failed.Notify();
  };
  auto loop = MakeLoop(std::move(options));
  store_.result = absl::UnavailableError("the disk is gone");
  store_.Shut();
  auto first = Submit(*loop, "p1");
  store_.AwaitCommit(1);
  auto second = Submit(*loop, "p2");
  AwaitQueue(1);
  store_.Open();
  failed.WaitForNotification();
  EXPECT_TRUE(absl::IsUnavailable(first.get().status()));
  EXPECT_TRUE(absl::IsUnavailable(second.get().status()));
  EXPECT_TRUE(absl::IsUnavailable(loop->Decide(PipelineSubmitted{"p3", {}, {}}).status()));
  EXPECT_FALSE(published);
  EXPECT_TRUE(store_.batches.empty());
}

TEST_F(DecisionLoopTest, EndsTheProcessWhenTheCommitFails) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        store_.result = absl::ResourceExhaustedError("the disk is full");
        auto loop = MakeLoop();
        loop->Decide(PipelineSubmitted{"p1", {}, {}}).IgnoreError();
      },
      testing::ExitedWithCode(kCommitFailedExit), "could not be committed.*the disk is full");
}

TEST_F(DecisionLoopTest, RefusesWhatDoesNotFitTheQueue) {
  DecisionLoop::Options options;
  options.queue_max = 2;
  auto loop = MakeLoop(std::move(options));
  store_.Shut();
  auto first = Submit(*loop, "p1");
  store_.AwaitCommit(1);
  auto second = Submit(*loop, "p2");
  AwaitQueue(1);
  auto third = Submit(*loop, "p3");
  AwaitQueue(2);
  EXPECT_TRUE(absl::IsResourceExhausted(loop->Decide(PipelineSubmitted{"p4", {}, {}}).status()));
  store_.Open();
  EXPECT_TRUE(first.get().ok() && second.get().ok() && third.get().ok());
}

TEST_F(DecisionLoopTest, PassesOnWhatTheSchedulerRefuses) {
  auto loop = MakeLoop();
  EXPECT_EQ(loop->Decide(PipelineSubmitted{"refused", {}, {}}).status(),
            absl::AlreadyExistsError("refused by the scheduler"));
  EXPECT_TRUE(store_.batches.empty());
}

TEST_F(DecisionLoopTest, DoesNotCommitEventsWithoutRecords) {
  auto loop =
      MakeLoop({}, [](absl::Time, const Event&) -> std::vector<Action> { return {ReplySynchronized{}}; });
  EXPECT_TRUE(loop->Decide(WorkerSynchronized{}).ok());
  EXPECT_EQ(store_.entered, 0);
}

TEST_F(DecisionLoopTest, AnswersQuestionsOnTheLoop) {
  auto loop = MakeLoop();
  scheduler_->workers.emplace_back().set_worker_id("w1");
  EXPECT_EQ(loop->ListWorkers()->at(0).worker_id(), "w1");
  EXPECT_THAT(*loop->ExplainPending({"p1/a", "p1/b"}), ElementsAre("waits for p1/a", "waits for p1/b"));
}

TEST_F(DecisionLoopTest, AppliesDeadlinesWhenTheyAreDue) {
  std::atomic<int64_t> now_ms{0};
  std::atomic<int> deadlines{0};
  DecisionLoop::Options options;
  options.clock = [&] { return absl::FromUnixMillis(now_ms); };
  auto scheduler =
      std::make_unique<FakeScheduler>([&](absl::Time now, const Event& event) -> std::vector<Action> {
        if (std::holds_alternative<DeadlineReached>(event)) {
          EXPECT_GE(now, absl::FromUnixMillis(5000));
          ++deadlines;
        }
        return {};
      });
  scheduler->next_deadline = [&]() -> std::optional<absl::Time> {
    if (deadlines > 0) return std::nullopt;
    return absl::FromUnixMillis(5000);
  };
  DecisionLoop loop(std::move(scheduler), std::make_unique<GatedStore>(&store_), &metrics_,
                    std::move(options));
  EXPECT_TRUE(loop.ListWorkers().ok());
  EXPECT_EQ(deadlines, 0);
  now_ms = 5000;
  while (deadlines == 0) std::this_thread::yield();  // the loop looks at its clock at least every second
  EXPECT_TRUE(loop.ListWorkers().ok());
  EXPECT_EQ(deadlines, 1);
}

TEST_F(DecisionLoopTest, TellsThoseWhoWaitThatItStops) {
  auto loop = MakeLoop();
  store_.Shut();
  auto first = Submit(*loop, "p1");
  store_.AwaitCommit(1);
  auto second = Submit(*loop, "p2");
  AwaitQueue(1);
  std::thread stopper([&] { loop->Stop(); });
  store_.Open();
  stopper.join();
  EXPECT_TRUE(first.get().ok());  // it was committed
  auto late = second.get();
  EXPECT_TRUE(late.ok() || absl::IsUnavailable(late.status()));
  EXPECT_TRUE(absl::IsUnavailable(loop->ListWorkers().status()));
}

TEST_F(DecisionLoopTest, MeasuresCommits) {
  auto loop = MakeLoop();
  ASSERT_TRUE(loop->Decide(PipelineSubmitted{"p1", {}, {}}).ok());
  EXPECT_THAT(metrics_.Text(), HasSubstr("bonsai_commit_seconds_count 1\n"));
}

TEST_F(DecisionLoopTest, GivesEveryEventTheResponseOfItsKindAndKeepsItsRecords) {
  auto loop = MakeLoop({}, [](absl::Time, const Event& event) { return std::visit(AnswerAll(), event); });
  const Actor ann{"ann", "red", false};
  EXPECT_THAT(loop->Decide(PauseRequested{"p1", false, ann})->job_ids(), ElementsAre("p1/a"));
  EXPECT_THAT(loop->Decide(RetryRequested{"p1/b", ann})->job_ids(), ElementsAre("p1/b"));
  WorkerSet cordon;
  cordon.request.set_worker_id("w1");
  cordon.request.set_action(v1::SetWorkerRequest::CORDON);
  EXPECT_TRUE(loop->Decide(cordon)->worker().cordoned());
  cordon.request.set_action(v1::SetWorkerRequest::UNCORDON);
  EXPECT_FALSE(loop->Decide(cordon)->worker().cordoned());
  SchedulePut put;
  put.schedule.set_name("nightly");
  EXPECT_EQ(loop->Decide(put)->schedule().name(), "nightly");
  EXPECT_EQ(loop->DeleteSchedule(ScheduleDeleted{"nightly", ann}), absl::OkStatus());
  loop->Stop();

  ASSERT_EQ(store_.batches.size(), 5u);
  EXPECT_EQ(store_.batches[0].history.at(0).actor(), "ann");
  EXPECT_EQ(store_.batches[1].workers.at(0).id(), "w1");
  EXPECT_THAT(store_.batches[2].dropped_workers, ElementsAre("w1"));
  EXPECT_EQ(store_.batches[3].schedules.at(0).name(), "nightly");
  EXPECT_THAT(store_.batches[4].dropped_schedules, ElementsAre("nightly"));
}

TEST_F(DecisionLoopTest, TellsAnAnswerOfTheWrongKindFromTheRightOne) {
  auto loop = MakeLoop({}, [](absl::Time, const Event& event) { return std::visit(AnswerAll(), event); });
  EXPECT_TRUE(absl::IsInternal(loop->Decide(PipelineSubmitted{}).status()));
  EXPECT_TRUE(absl::IsInternal(loop->DeleteSchedule(ScheduleDeleted{"wrong answer", {}})));
}

TEST_F(DecisionLoopTest, ReadsTheHistoryThatWasCommitted) {
  auto loop = MakeLoop({}, [](absl::Time, const Event& event) { return std::visit(AnswerAll(), event); });
  ASSERT_TRUE(loop->Decide(PauseRequested{"p1", false, {}}).ok());
  auto entries = loop->ReadHistory("p1/a", 0, 10);
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->size(), 1u);
  EXPECT_EQ(entries->front().actor(), "anonymous");
}

}  // namespace
}  // namespace bonsai
