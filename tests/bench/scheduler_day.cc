#include "tests/bench/scheduler_day.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/scheduler.h"

namespace bonsai {
namespace {

constexpr int kJobsPerPipeline = 100;
constexpr uint32_t kCpusPerWorker = 8;

double Seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

const char* OutputOf(const v1::JobSpec& spec) {
  return spec.has_pretrain() ? "model" : spec.has_evaluate() ? "evaluation" : "corpus";
}

class Day {
 public:
  explicit Day(const DayOptions& options);

  DayResult Run();

 private:
  struct Rank {
    std::string job_id;
    uint32_t attempt = 0;
    uint32_t rank = 0;
    uint32_t cpus = 0;
    const char* output_kind = "";
    absl::Time ends;
    bool exited = false;
  };
  struct Worker {
    Event event = WorkerSynchronized();
    std::vector<Rank> ranks;

    v1::SynchronizeRequest& request() { return std::get<WorkerSynchronized>(event).request; }
  };

  void Apply(const Event& event);
  void NoteDecision(const v1::JobRecord& job);
  void Submit(uint64_t first, uint64_t count);
  v1::JobSpec DrawJob();
  void Synchronize(Worker& worker);
  void EndRanks(Worker& worker);
  void Obey(Worker& worker, const v1::SynchronizeResponse& response);
  absl::Duration Draw(const std::string& job_id) const;

  const DayOptions options_;
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  std::mt19937_64 random_{1};
  std::unique_ptr<Scheduler> scheduler_;
  std::vector<Worker> workers_;
  std::vector<Action> actions_;
  DayResult result_;
  Fingerprint decisions_;
  double last_seconds_ = 0;
  double cpu_seconds_ = 0;
  double wait_seconds_ = 0;
};

Day::Day(const DayOptions& options) : options_(options), workers_(options.workers) {
  SchedulerOptions scheduling;
  scheduling.lease = absl::Minutes(3);
  scheduling.synchronize_interval = absl::Minutes(1);
  scheduler_ = Scheduler::Create(scheduling, Records(), now_);
  for (uint32_t i = 0; i < options.workers; ++i) {
    v1::SynchronizeRequest& request = workers_[i].request();
    request.set_worker_id(absl::StrCat("w", i));
    request.set_session("s");
    v1::WorkerOffer& offer = *request.mutable_offer();
    offer.set_cpus(kCpusPerWorker);
    offer.set_memory_bytes(uint64_t{64} << 30);
    if (i % 10 == 0) offer.set_gpus(4);
    for (const char* kind : {"data", "pretrain", "evaluate"}) offer.add_kinds(kind);
  }
}

void Day::Apply(const Event& event) {
  const auto start = std::chrono::steady_clock::now();
  actions_ = scheduler_->Apply(now_, event);
  last_seconds_ = Seconds(std::chrono::steady_clock::now() - start);
  result_.scheduler_seconds += last_seconds_;
  result_.slowest_seconds = std::max(result_.slowest_seconds, last_seconds_);
  for (const Action& action : actions_) {
    const auto* put = std::get_if<PutJob>(&action);
    if (put == nullptr) continue;
    const v1::JobRecord& job = put->record;
    NoteDecision(job);
    const absl::Time submitted = absl::FromUnixMillis(job.submitted_unix_ms());
    result_.done += job.state() == v1::DONE;
    if (job.state() == v1::RUNNING && job.reason().empty() && job.attempts_size() > 0) {
      ++result_.starts;
      if (job.attempts_size() == 1) wait_seconds_ += absl::ToDoubleSeconds(now_ - submitted);
    }
  }
}

void Day::NoteDecision(const v1::JobRecord& job) {
  decisions_.Add(job.id());
  decisions_.Add(v1::JobState_Name(job.state()));
  decisions_.Add(job.reason());
  if (job.attempts().empty()) return;
  for (const v1::Placement& placement : job.attempts().rbegin()->placements()) {
    decisions_.Add(placement.worker_id());
  }
}

v1::JobSpec Day::DrawJob() {
  v1::JobSpec job;
  const uint64_t kind = random_() % 100;
  v1::Resources& resources = *job.mutable_resources();
  if (kind < 2) {
    job.mutable_pretrain();
    resources.set_ranks(2 + static_cast<uint32_t>(random_() % 3) * 3);
    resources.set_cpus(4);
  } else if (kind < 5) {
    job.mutable_pretrain();
    resources.set_gpus(1);
  } else if (kind < 30) {
    job.mutable_evaluate();
    resources.set_cpus(2);
    job.set_time_limit_seconds(8 * 3600);
  } else {
    job.mutable_data();
  }
  if (options_.priorities && random_() % 10 == 0) job.set_priority(1);
  return job;
}

void Day::Submit(uint64_t first, uint64_t count) {
  PipelineSubmitted event;
  event.request_id = absl::StrCat("r", first);
  event.actor.tenant = absl::StrCat("tenant-", random_() % options_.tenants);
  for (uint64_t i = 0; i < count; ++i) {
    v1::JobSpec& job = *event.pipeline.add_jobs() = DrawJob();
    job.set_name(absl::StrCat("j", i));
    event.inputs.emplace_back();
  }
  Apply(event);
}

// Exponential, by the job alone.
absl::Duration Day::Draw(const std::string& job_id) const {
  uint64_t hash = 14695981039346656037u;
  for (char c : job_id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  hash = (hash ^ (hash >> 31)) * 0x9E3779B97F4A7C15u;
  const double uniform = (static_cast<double>(hash >> 11) + 1) * 0x1.0p-53;
  return absl::Hours(options_.hours_mean) * std::min(-std::log(uniform), 6.0) + absl::Seconds(1);
}

void Day::EndRanks(Worker& worker) {
  for (size_t i = 0; i < worker.ranks.size(); ++i) {
    Rank& rank = worker.ranks[i];
    if (rank.exited || rank.ends > now_) continue;
    rank.exited = true;
    v1::RankReport& report = *worker.request().mutable_ranks(static_cast<int>(i));
    report.set_phase(v1::RankReport::EXITED);
    report.set_exit(v1::RankReport::DONE);
    if (rank.rank != 0) continue;
    report.set_output_id(absl::StrCat("output of ", rank.job_id));
    v1::ArtifactRecord& artifact = std::get<WorkerSynchronized>(worker.event).artifacts[report.output_id()];
    artifact.set_id(report.output_id());
    artifact.set_kind(rank.output_kind);
  }
}

void Day::Obey(Worker& worker, const v1::SynchronizeResponse& response) {
  bool same = response.desired_size() == static_cast<int>(worker.ranks.size());
  for (int i = 0; same && i < response.desired_size(); ++i) {
    const v1::Task& task = response.desired(i);
    const Rank& rank = worker.ranks[i];
    same = task.attempt() == rank.attempt && task.rank() == rank.rank && task.job_id() == rank.job_id;
  }
  if (same) return;
  std::vector<Rank> ranks;
  v1::SynchronizeRequest& request = worker.request();
  std::get<WorkerSynchronized>(worker.event).artifacts.clear();
  std::vector<v1::RankReport> reports;
  for (const v1::Task& task : response.desired()) {
    auto known = std::find_if(worker.ranks.begin(), worker.ranks.end(), [&](const Rank& rank) {
      return rank.job_id == task.job_id() && rank.attempt == task.attempt() && rank.rank == task.rank();
    });
    if (known != worker.ranks.end()) {
      reports.push_back(request.ranks(static_cast<int>(known - worker.ranks.begin())));
      ranks.push_back(*known);
      continue;
    }
    Rank rank{task.job_id(),
              task.attempt(),
              task.rank(),
              std::max(task.spec().resources().cpus(), 1u),
              OutputOf(task.spec()),
              now_ + Draw(task.job_id()),
              false};
    v1::RankReport& report = reports.emplace_back();
    report.set_job_id(rank.job_id);
    report.set_attempt(rank.attempt);
    report.set_rank(rank.rank);
    report.set_phase(v1::RankReport::RUNNING);
    ranks.push_back(std::move(rank));
  }
  request.clear_ranks();
  for (v1::RankReport& report : reports) *request.add_ranks() = std::move(report);
  worker.ranks = std::move(ranks);
}

void Day::Synchronize(Worker& worker) {
  EndRanks(worker);
  Apply(worker.event);
  ++result_.synchronizations;
  for (const Rank& rank : worker.ranks) cpu_seconds_ += rank.exited ? 0 : 60.0 * rank.cpus;
  for (const Action& action : actions_) {
    const auto* reply = std::get_if<ReplySynchronized>(&action);
    if (reply == nullptr) continue;
    if (worker.ranks.empty() && reply->response.desired().empty() && actions_.size() == 1) {
      ++result_.idle;
      result_.idle_seconds += last_seconds_;
    }
    Obey(worker, reply->response);
  }
}

DayResult Day::Run() {
  const auto start = std::chrono::steady_clock::now();
  const double cpu_before = CpuSeconds();
  const absl::Time midnight = now_;
  for (Worker& worker : workers_) Apply(worker.event);
  const uint64_t before = ResidentBytes();
  uint64_t submitted = 0;
  for (uint32_t minute = 0; minute < options_.minutes; ++minute) {
    // The last two hours only finish.
    const double share = std::min(1.0, (minute + 1) / std::max(1.0, options_.minutes - 120.0));
    const uint64_t until = static_cast<uint64_t>(share * static_cast<double>(options_.jobs));
    for (size_t i = 0; i < workers_.size(); ++i) {
      now_ = midnight + absl::Minutes(minute) +
             absl::Minutes(1) * (static_cast<double>(i) / static_cast<double>(workers_.size()));
      if (i % 64 == 0 && submitted < until) {
        const uint64_t count = std::min<uint64_t>(kJobsPerPipeline, until - submitted);
        Submit(submitted, count);
        submitted += count;
      }
      Synchronize(workers_[i]);
    }
  }
  result_.seconds = Seconds(std::chrono::steady_clock::now() - start);
  result_.cpu_seconds = CpuSeconds() - cpu_before;
  result_.bytes_per_job = (ResidentBytes() - before) / std::max<uint64_t>(submitted, 1);
  result_.utilisation =
      cpu_seconds_ / (60.0 * options_.minutes * kCpusPerWorker * static_cast<double>(workers_.size()));
  result_.decisions = decisions_.value();
  result_.wait_seconds_mean = wait_seconds_ / static_cast<double>(std::max<uint64_t>(submitted, 1));
  return result_;
}

}  // namespace

DayResult RunDay(const DayOptions& options) { return Day(options).Run(); }

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

uint64_t ResidentBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmRSS:") continue;
    uint64_t kib = 0;
    status >> kib;
    return kib * 1024;
  }
  return 0;
}

}  // namespace bonsai
