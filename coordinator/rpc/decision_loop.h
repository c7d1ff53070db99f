// The one thread that owns the Scheduler and the RecordStore. Handlers put events into a bounded queue and
// wait; the loop takes all that are there (up to a bound), applies them, commits their records as one synced
// batch, publishes the records to readers, and only then answers. Nothing leaves before the commit. A failed
// commit ends the process: what is durable is then unknown, and a new process finds out by loading.
//
// Calls may come from any thread and block until the answer is there (one or two commits).
#ifndef BONSAI_COORDINATOR_RPC_DECISION_LOOP_H_
#define BONSAI_COORDINATOR_RPC_DECISION_LOOP_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "coordinator/scheduler/scheduler.h"
#include "coordinator/store/record_store.h"
#include "coordinator/web/metrics.h"

namespace bonsai {

// The process's exit code after a commit failed (sysexits' EX_IOERR).
inline constexpr int kCommitFailedExit = 74;

// The action that answers an event, and the message in it.
template <typename Event>
struct ReplyTo;
template <>
struct ReplyTo<PipelineSubmitted> : std::type_identity<ReplySubmitted> {};
template <>
struct ReplyTo<CancelRequested> : std::type_identity<ReplyCancelled> {};
template <>
struct ReplyTo<PauseRequested> : std::type_identity<ReplyPaused> {};
template <>
struct ReplyTo<RetryRequested> : std::type_identity<ReplyRetried> {};
template <>
struct ReplyTo<WorkerSet> : std::type_identity<ReplyWorkerSet> {};
template <>
struct ReplyTo<SchedulePut> : std::type_identity<ReplyScheduled> {};
template <>
struct ReplyTo<WorkerSynchronized> : std::type_identity<ReplySynchronized> {};

class DecisionLoop {
 public:
  struct Options {
    size_t queue_max = 4096;  // events that wait; more are refused with ResourceExhausted
    size_t batch_max = 256;   // events per commit
    std::function<absl::Time()> clock;
    // Called on the loop's thread with what is durable now, before anybody is answered.
    std::function<void(const RecordBatch&)> publish;
    // Called once if a commit fails. If it is empty the process ends with kCommitFailedExit. If it returns
    // (tests), the loop has ended, and all who wait are told Unavailable.
    std::function<void(const absl::Status&)> commit_failed;
  };

  // `metrics` must outlive the loop. The thread starts at once.
  DecisionLoop(std::unique_ptr<Scheduler> scheduler, std::unique_ptr<RecordStore> store, Metrics* metrics,
               Options options);
  ~DecisionLoop();
  DecisionLoop(const DecisionLoop&) = delete;
  DecisionLoop& operator=(const DecisionLoop&) = delete;

  // Errors of all of these: what the scheduler refused; ResourceExhausted (the queue is full); Unavailable
  // (stopped).
  //
  // The response to the event: a CancelResponse for a CancelRequested.
  template <typename OneEvent>
  auto Decide(OneEvent event) -> absl::StatusOr<decltype(ReplyTo<OneEvent>::type::response)>;
  absl::StatusOr<v1::ArtifactRecord> Import(ArtifactImported event);
  absl::Status DeleteSchedule(ScheduleDeleted event);
  // What `question` (const Scheduler&, absl::Time) returns, asked when all that it sees is durable.
  template <typename F>
  auto Ask(F question) -> absl::StatusOr<std::invoke_result_t<F, const Scheduler&, absl::Time>>;

  absl::StatusOr<std::vector<v1::WorkerStatus>> ListWorkers();
  // Scheduler::ExplainPending for each of the ids.
  absl::StatusOr<std::vector<std::string>> ExplainPending(std::vector<std::string> job_ids);

  // As RecordStore's; does not wait for the loop.
  absl::StatusOr<std::vector<v1::HistoryEntry>> ReadHistory(absl::string_view job_id, uint64_t after,
                                                            size_t limit) {
    return store_->ReadHistory(job_id, after, limit);
  }

  // Answers what is in the queue with Unavailable and ends the thread. Idempotent.
  void Stop();

 private:
  // Asked after the commit of its batch, so that an answer holds nothing that is not durable.
  using Question = std::function<void(const Scheduler&, absl::Time)>;
  using Reply = std::optional<Action>;

  struct Entry {
    std::variant<Event, Question> work;
    absl::Time queued;
    std::promise<absl::StatusOr<Reply>> promise;
  };
  struct Answer {
    Entry entry;
    absl::StatusOr<Reply> reply;
  };

  // Waits for the loop.
  absl::StatusOr<Reply> Enter(std::variant<Event, Question> work);
  static absl::Status NoAnswer();

  void Run();
  std::vector<Entry> TakeBatch();
  bool RunBatch(std::vector<Entry> entries);
  // Has the scheduler decide, and measures it.
  std::vector<Action> Apply(absl::Time now, const Event& event);
  static absl::StatusOr<Reply> Collect(std::vector<Action> actions, RecordBatch& batch);
  bool CommitBatch(const RecordBatch& batch, size_t events);
  void RefuseQueue(const absl::Status& status);

  const std::unique_ptr<Scheduler> scheduler_;
  const std::unique_ptr<RecordStore> store_;
  Metrics* const metrics_;
  const Options options_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Entry> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

template <typename OneEvent>
auto DecisionLoop::Decide(OneEvent event) -> absl::StatusOr<decltype(ReplyTo<OneEvent>::type::response)> {
  absl::StatusOr<Reply> reply = Enter(Event(std::move(event)));
  if (!reply.ok()) return reply.status();
  auto* answer = *reply ? std::get_if<typename ReplyTo<OneEvent>::type>(&**reply) : nullptr;
  if (answer == nullptr) return NoAnswer();
  return std::move(answer->response);
}

template <typename F>
auto DecisionLoop::Ask(F question) -> absl::StatusOr<std::invoke_result_t<F, const Scheduler&, absl::Time>> {
  std::optional<std::invoke_result_t<F, const Scheduler&, absl::Time>> answer;
  absl::StatusOr<Reply> reply = Enter(Question(
      [&](const Scheduler& scheduler, absl::Time now) { answer.emplace(question(scheduler, now)); }));
  if (!reply.ok()) return reply.status();
  return *std::move(answer);
}

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_DECISION_LOOP_H_
