#include "coordinator/rpc/decision_loop.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "coordinator/rpc/stderr_log.h"
#include "coordinator/store/record_actions.h"

namespace bonsai {
namespace {

// How soon a deadline that stays in the past is looked at again: keeps a scheduler's mistake from spinning
// the loop.
constexpr absl::Duration kDeadlineWaitMin = absl::Milliseconds(10);
// A bound on the wait, for clocks that do not run with the wall.
constexpr absl::Duration kDeadlineWaitMax = absl::Seconds(1);

// For the metrics. What is not named here is rare.
const char* NameOf(const PipelineSubmitted&) { return "submit"; }
const char* NameOf(const CancelRequested&) { return "cancel"; }
const char* NameOf(const WorkerSynchronized&) { return "synchronize"; }
const char* NameOf(const DeadlineReached&) { return "deadline"; }
template <typename Event>
const char* NameOf(const Event&) {
  return "operate";
}

absl::Status StoppedError() { return absl::UnavailableError("the coordinator is stopping; try again soon"); }

}  // namespace

DecisionLoop::DecisionLoop(std::unique_ptr<Scheduler> scheduler, std::unique_ptr<RecordStore> store,
                           Metrics* metrics, Options options)
    : scheduler_(std::move(scheduler)),
      store_(std::move(store)),
      metrics_(metrics),
      options_(std::move(options)),
      thread_([this] { Run(); }) {}

DecisionLoop::~DecisionLoop() { Stop(); }

void DecisionLoop::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

absl::StatusOr<DecisionLoop::Reply> DecisionLoop::Enter(std::variant<Event, Question> work) {
  std::future<absl::StatusOr<Reply>> answer;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_) return StoppedError();
    if (queue_.size() >= options_.queue_max) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the coordinator has ", queue_.size(), " events waiting; try again in a second"));
    }
    Entry entry{std::move(work), absl::Now(), {}};
    answer = entry.promise.get_future();
    queue_.push_back(std::move(entry));
    metrics_->SetQueueDepth(queue_.size());
  }
  wake_.notify_all();
  return answer.get();
}

absl::Status DecisionLoop::NoAnswer() {
  return absl::InternalError("the scheduler gave no answer of the event's kind");
}

absl::Status DecisionLoop::DeleteSchedule(ScheduleDeleted event) {
  absl::StatusOr<Reply> reply = Enter(Event(std::move(event)));
  if (!reply.ok()) return reply.status();
  return *reply && std::holds_alternative<ReplyScheduleDeleted>(**reply) ? absl::OkStatus() : NoAnswer();
}

absl::StatusOr<v1::ArtifactRecord> DecisionLoop::Import(ArtifactImported event) {
  absl::StatusOr<Reply> reply = Enter(Event(std::move(event)));
  if (!reply.ok()) return reply.status();
  auto* answer = *reply ? std::get_if<ReplyArtifactImported>(&**reply) : nullptr;
  if (answer == nullptr) return NoAnswer();
  return std::move(answer->record);
}

absl::StatusOr<std::vector<v1::WorkerStatus>> DecisionLoop::ListWorkers() {
  return Ask([](const Scheduler& scheduler, absl::Time now) { return scheduler.ListWorkers(now); });
}

absl::StatusOr<std::vector<std::string>> DecisionLoop::ExplainPending(std::vector<std::string> job_ids) {
  return Ask([&](const Scheduler& scheduler, absl::Time) {
    std::vector<std::string> reasons;
    for (const std::string& id : job_ids) reasons.push_back(scheduler.ExplainPending(id));
    return reasons;
  });
}

void DecisionLoop::Run() {
  while (true) {
    std::vector<Entry> entries = TakeBatch();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (stopping_) {
        for (Entry& entry : entries) queue_.push_back(std::move(entry));
        break;
      }
    }
    if (!RunBatch(std::move(entries))) break;
  }
  RefuseQueue(StoppedError());
}

// Waits until there is something to do: an event, a deadline, or the end.
std::vector<DecisionLoop::Entry> DecisionLoop::TakeBatch() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (queue_.empty() && !stopping_) {
    const auto ready = [this] { return !queue_.empty() || stopping_; };
    if (const std::optional<absl::Time> deadline = scheduler_->NextDeadline()) {
      const absl::Duration wait =
          std::clamp(*deadline - options_.clock(), kDeadlineWaitMin, kDeadlineWaitMax);
      wake_.wait_for(lock, absl::ToChronoMilliseconds(wait), ready);
    } else {
      wake_.wait(lock, ready);
    }
  }
  std::vector<Entry> entries;
  while (!queue_.empty() && entries.size() < options_.batch_max) {
    entries.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  metrics_->SetQueueDepth(queue_.size());
  return entries;
}

std::vector<Action> DecisionLoop::Apply(absl::Time now, const Event& event) {
  const absl::Time start = absl::Now();
  std::vector<Action> actions = scheduler_->Apply(now, event);
  metrics_->ObserveDecision(std::visit([](const auto& one) { return NameOf(one); }, event),
                            absl::Now() - start);
  return actions;
}

// False if the loop must end.
bool DecisionLoop::RunBatch(std::vector<Entry> entries) {
  RecordBatch batch;
  std::vector<Answer> answers;
  std::vector<Entry> questions;
  for (Entry& entry : entries) {
    metrics_->ObserveEventWait(absl::Now() - entry.queued);
    if (const Event* event = std::get_if<Event>(&entry.work)) {
      absl::StatusOr<Reply> reply = Collect(Apply(options_.clock(), *event), batch);
      answers.push_back({std::move(entry), std::move(reply)});
    } else {
      questions.push_back(std::move(entry));
    }
  }
  const std::optional<absl::Time> deadline = scheduler_->NextDeadline();
  const absl::Time now = options_.clock();
  if (deadline && *deadline <= now) {
    const absl::StatusOr<Reply> unanswered = Collect(Apply(now, DeadlineReached{}), batch);
    if (!unanswered.ok()) LogLine(absl::StrCat("a deadline was refused: ", unanswered.status().ToString()));
  }
  if (!batch.empty() && !CommitBatch(batch, answers.size())) {
    for (Answer& answer : answers) answer.entry.promise.set_value(StoppedError());
    for (Entry& entry : questions) entry.promise.set_value(StoppedError());
    return false;
  }
  for (Answer& answer : answers) answer.entry.promise.set_value(std::move(answer.reply));
  for (Entry& entry : questions) {
    std::get<Question>(entry.work)(*scheduler_, options_.clock());
    entry.promise.set_value(Reply());
  }
  return true;
}

absl::StatusOr<DecisionLoop::Reply> DecisionLoop::Collect(std::vector<Action> actions, RecordBatch& batch) {
  absl::StatusOr<Reply> reply = Reply();
  for (Action& action : actions) {
    if (TakeRecord(action, batch)) continue;
    if (auto* reject = std::get_if<Reject>(&action)) {
      reply = std::move(reject->status);
    } else {
      reply = Reply(std::move(action));
    }
  }
  return reply;
}

bool DecisionLoop::CommitBatch(const RecordBatch& batch, size_t events) {
  const absl::Time start = absl::Now();
  const absl::Status committed = store_->Commit(batch);
  if (committed.ok()) {
    metrics_->ObserveCommit(absl::Now() - start, events);
    if (options_.publish) options_.publish(batch);
    return true;
  }
  LogLine(absl::StrCat(
      "fatal: records could not be committed: ", committed.ToString(), "; ", events,
      " events are not acknowledged. The process ends; start it again and it loads what was kept."));
  if (!options_.commit_failed) _exit(kCommitFailedExit);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  options_.commit_failed(committed);
  return false;
}

void DecisionLoop::RefuseQueue(const absl::Status& status) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (Entry& entry : queue_) entry.promise.set_value(status);
  queue_.clear();
  metrics_->SetQueueDepth(0);
}

}  // namespace bonsai
