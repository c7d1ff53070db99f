// For tests: a Scheduler with a clock that the test turns, records that outlive it, and workers played by the
// test.
//
// Single-threaded.
#ifndef BONSAI_COORDINATOR_SCHEDULER_SCHEDULED_WORLD_H_
#define BONSAI_COORDINATOR_SCHEDULER_SCHEDULED_WORLD_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/scheduler/scheduler.h"

namespace bonsai {

// A job as tests write it. `spec` is JobSpec in text format; every "@name" in its inputs becomes an edge.
struct TestJob {
  std::string spec;
  std::vector<std::string> needs;  // names
};

// "data {}" jobs called a, b, ...: the shortest that run.
TestJob DataJob(const std::string& name, const std::string& rest = "");

class ScheduledWorld {
 public:
  explicit ScheduledWorld(SchedulerOptions options = {});

  // The coordinator ends, and starts again from what was committed.
  void Restart();
  void Advance(absl::Duration duration) { now_ += duration; }
  // Advances to the next deadline and applies it.
  void PassDeadline();

  // Returns the pipeline's id; fails the test if it is refused.
  std::string Submit(const std::vector<TestJob>& jobs, const std::string& request_id = "");
  v1::CancelResponse Cancel(const std::string& id);
  v1::PauseResponse Pause(const std::string& pipeline_id, bool resume = false);
  v1::RetryResponse Retry(const std::string& id);
  v1::WorkerRecord SetWorker(const std::string& worker_id, v1::SetWorkerRequest::Action what);
  // Who does all that follows.
  void SetActor(Actor actor) { actor_ = std::move(actor); }
  // Applies, keeps the records of the actions, and returns all actions. Fails the test if the history that
  // comes with them has a gap or does not end with the state of its job.
  std::vector<Action> Apply(const Event& event);
  // The status with which the event is refused; OK if it is not.
  absl::Status Refusal(const Event& event);

  // A worker that offers these cpus (and 64 GiB, every kind) says that it runs nothing but `ranks`.
  // Its session is its id, unless SetSession was called.
  v1::SynchronizeResponse Sync(const std::string& worker_id, const std::vector<v1::RankReport>& ranks = {});
  void SetCpus(const std::string& worker_id, uint32_t cpus) { offers_[worker_id].set_cpus(cpus); }
  v1::WorkerOffer& offer(const std::string& worker_id);
  void SetSession(const std::string& worker_id, const std::string& session) {
    sessions_[worker_id] = session;
  }
  void SetLeaving(const std::string& worker_id) { leaving_[worker_id] = true; }
  // An artifact that a report may name: it is whole, and of this kind.
  std::string MakeArtifact(const std::string& kind);

  const v1::JobRecord& job(const std::string& id) const { return records_.jobs.at(id); }
  v1::JobState state(const std::string& id) const { return job(id).state(); }
  // The job's history: "ada: cancelled (why)".
  std::vector<std::string> Story(const std::string& job_id) const;
  const std::vector<v1::HistoryEntry>& history(const std::string& job_id) { return history_[job_id]; }
  const Records& records() const { return records_; }
  Scheduler& scheduler() { return *scheduler_; }
  absl::Time now() const { return now_; }

 private:
  void Keep(const v1::WorkerRecord& record);
  void Keep(const v1::HistoryEntry& entry);
  void CheckHistory(const v1::JobRecord& job);

  const SchedulerOptions options_;
  absl::Time now_ = absl::FromUnixSeconds(1'000'000);
  Records records_;
  std::unique_ptr<Scheduler> scheduler_;
  std::map<std::string, v1::WorkerOffer> offers_;
  std::map<std::string, std::string> sessions_;
  std::map<std::string, bool> leaving_;
  std::map<std::string, uint64_t> sequences_;
  std::map<std::string, v1::ArtifactRecord> artifacts_;
  std::map<std::string, std::vector<v1::HistoryEntry>> history_;
  Actor actor_;
  int requests_ = 0;
};

v1::RankReport Running(const std::string& job_id, uint32_t attempt, uint32_t rank = 0);
v1::RankReport Exited(const std::string& job_id, uint32_t attempt, uint32_t rank, v1::RankReport::Exit exit,
                      const std::string& output_id = "", const std::string& message = "");

// "p1/a attempt 1 rank 0" for each task, joined by ", ".
std::string Names(const v1::SynchronizeResponse& response);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_SCHEDULED_WORLD_H_
