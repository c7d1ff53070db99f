#include "coordinator/scheduler/forecast.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/scheduler/job_kinds.h"

namespace bonsai {
namespace {

constexpr absl::Duration kHorizon = absl::Hours(24 * 60);
// A larger cluster is not looked at at all: people wait for the answer, and so do workers.
constexpr size_t kSizeMax = 20000;
// Steps, times what a step may have to look at.
constexpr size_t kWorkMax = 500'000;
constexpr size_t kStepsMax = 20'000;

// How long an attempt takes, and how that is known; InfiniteDuration if it is not.
struct Length {
  absl::Duration duration = absl::InfiniteDuration();
  std::string from;
};

class ForecastWork : public VirtualWork {
 public:
  ForecastWork(const ClusterSnapshot& snapshot, const DurationMeans& means)
      : snapshot_(snapshot), means_(means) {}

  // Jobs that have started before anything is simulated.
  void Adopting(bool adopting) { adopting_ = adopting; }

  absl::Duration Start(const v1::JobRecord& job, absl::Time now) override {
    const Length length = adopting_ ? RestOf(job, now) : LengthOf(job);
    v1::JobForecast& forecast = forecasts_[job.id()];
    const v1::AttemptRecord& attempt = job.attempts(job.attempts_size() - 1);
    if (forecast.start_unix_ms() == 0) {
      forecast.set_job(job.id());
      forecast.set_can_run(true);
      forecast.set_start_unix_ms(attempt.started_unix_ms());
      absl::btree_set<std::string> workers;
      for (const v1::Placement& placement : attempt.placements()) workers.insert(placement.worker_id());
      for (const std::string& id : workers) forecast.add_worker_ids(id);
      if (!adopting_) forecast.set_estimated_from(absl::StrJoin(used_, ", "));
    }
    forecast.set_end_unix_ms(
        length.duration == absl::InfiniteDuration() ? 0 : absl::ToUnixMillis(now + length.duration));
    if (adopting_) forecast.set_estimated_from(length.from);
    from_[job.id()] = length.from;
    waited_.erase(job.id());
    return length.duration;
  }
  absl::Duration Leave(const v1::JobRecord&, absl::Duration) override { return absl::Seconds(1); }
  void Observe(const v1::JobRecord& job, absl::Time) override {
    // What has ended is what later starts rest on.
    if (job.state() == v1::DONE) used_.insert(from_[job.id()]);
  }

  // Those that are wanted and have not started.
  std::set<std::string> waited_;
  std::map<std::string, v1::JobForecast> forecasts_;

 private:
  Length LengthOf(const v1::JobRecord& job) const {
    const std::string kind = JobKind(job.spec());
    const DurationMeans::Mean mean = means_.Of(kind);
    if (mean.jobs > 0) {
      return {mean.duration, absl::StrCat("the mean of ", mean.jobs, " earlier ", kind, " jobs")};
    }
    if (job.spec().time_limit_seconds() > 0) {
      return {absl::Seconds(job.spec().time_limit_seconds()), "time limits"};
    }
    return {};
  }

  // Of one that runs already.
  Length RestOf(const v1::JobRecord& job, absl::Time now) const {
    const auto it = snapshot_.progress.find(job.id());
    if (it != snapshot_.progress.end() && it->second.progress.total_steps() > 0 &&
        it->second.progress.eta_seconds() >= 0) {
      const absl::Duration eta = absl::Seconds(it->second.progress.eta_seconds());
      return {std::max(it->second.time + eta - now, absl::ZeroDuration()), "running jobs' own estimates"};
    }
    const absl::Time started = absl::FromUnixMillis(job.attempts(job.attempts_size() - 1).started_unix_ms());
    if (job.spec().time_limit_seconds() > 0) {
      const absl::Time end = started + absl::Seconds(job.spec().time_limit_seconds());
      return {std::max(end - now, absl::ZeroDuration()), "time limits"};
    }
    Length length = LengthOf(job);
    // One that has taken longer than the mean has an unknown way to go.
    if (started + length.duration <= now) return {};
    if (length.duration != absl::InfiniteDuration()) length.duration -= now - started;
    return length;
  }

  const ClusterSnapshot& snapshot_;
  const DurationMeans& means_;
  bool adopting_ = false;
  std::map<std::string, std::string> from_;  // of each job's length
  std::set<std::string> used_;
};

absl::Status Submit(const PipelineSubmitted& event, VirtualCluster& cluster, ForecastWork& work) {
  for (const Action& action : cluster.Apply(event)) {
    if (const auto* reject = std::get_if<Reject>(&action)) return reject->status;
    if (const auto* reply = std::get_if<ReplySubmitted>(&action)) {
      for (const std::string& id : reply->response.job_ids()) {
        if (work.forecasts_.count(id) == 0) work.waited_.insert(id);
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

ForecastResult RunForecast(const ClusterSnapshot& snapshot, const SchedulerOptions& options,
                           const DurationMeans& means, const MakeScheduler& make,
                           const std::vector<std::string>& job_ids,
                           const std::optional<PipelineSubmitted>& submitted, absl::Time now) {
  const size_t size = snapshot.records.jobs.size() + snapshot.workers.size() + 1;
  if (size > kSizeMax) return {};
  SchedulerOptions endless = options;
  endless.lease = kEndlessLease;
  ForecastWork work(snapshot, means);
  VirtualCluster cluster(make(endless, snapshot.records, now), work, now);
  work.Adopting(true);
  for (const auto& [id, job] : snapshot.records.jobs) {
    if (job.state() == v1::RUNNING && job.attempts_size() > 0) cluster.Adopt(job);
  }
  work.Adopting(false);
  for (const std::string& id : job_ids) {
    if (work.forecasts_.count(id) == 0) work.waited_.insert(id);
  }
  for (const VirtualCluster::Worker& worker : snapshot.workers) cluster.AddWorker(worker);
  ForecastResult result;
  if (submitted) result.submitted = Submit(*submitted, cluster, work);
  cluster.SetTick(absl::Seconds(10), options.preempt_after + absl::Seconds(10));
  const size_t steps = std::min(kStepsMax, kWorkMax / size);
  for (size_t step = 0; step < steps && !work.waited_.empty(); ++step) {
    if (!cluster.Step(now + kHorizon)) break;
  }
  result.jobs = std::move(work.forecasts_);
  return result;
}

}  // namespace bonsai
