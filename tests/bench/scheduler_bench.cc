// The scheduler alone: how long one pass over a large cluster takes, what an event costs, and how long a day
// takes. Prints figures; --workers, --pending, --jobs, --minutes change the size, --day=false leaves the day
// out.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/dispatcher.h"
#include "tests/bench/scheduler_day.h"

namespace bonsai {
namespace {

struct Flags {
  uint64_t workers = 10000;
  uint64_t pending = 100000;
  uint64_t jobs = 1'000'000;
  uint64_t minutes = 24 * 60;
  uint64_t day = 1;
  uint64_t priorities = 1;
};

bool ReadFlag(const char* argument, const char* name, uint64_t& value) {
  const std::string prefix = absl::StrCat("--", name, "=");
  if (std::strncmp(argument, prefix.c_str(), prefix.size()) != 0) return false;
  const char* text = argument + prefix.size();
  value = std::strcmp(text, "false") == 0  ? 0
          : std::strcmp(text, "true") == 0 ? 1
                                           : std::strtoull(text, nullptr, 10);
  return true;
}

// A cluster and a queue, in a Dispatcher by itself.
class Pass {
 public:
  explicit Pass(const Flags& flags) : dispatcher_(SchedulerOptions(), jobs_) {
    v1::WorkerOffer offer;
    offer.set_cpus(8);
    offer.set_memory_bytes(uint64_t{64} << 30);
    for (const char* kind : {"data", "pretrain", "evaluate"}) offer.add_kinds(kind);
    for (uint64_t i = 0; i < flags.workers; ++i) {
      offer.set_gpus(i % 10 == 0 ? 4 : 0);
      const std::string id = absl::StrCat("w", i);
      dispatcher_.WorkerOffers(id, RoomOf(id, offer), RoomOf(id, offer), offer);
    }
    for (uint64_t i = 0; i < flags.pending; ++i) {
      v1::JobRecord job;
      job.set_id(absl::StrCat("p", i / 100 + 1, "/j", i % 100));
      job.set_sequence(i + 1);
      job.set_tenant(absl::StrCat("tenant-", i / 100 % 20));
      job.set_queue("default");
      job.mutable_spec()->set_priority(static_cast<int32_t>(i % 3));
      v1::Resources& resources = *job.mutable_spec()->mutable_resources();
      if (i % 50 == 0) {
        job.mutable_spec()->mutable_pretrain();
        resources.set_ranks(2 + static_cast<uint32_t>(i / 50 % 4) * 10);
        resources.set_cpus(4);
      } else if (i % 33 == 0) {
        job.mutable_spec()->mutable_pretrain();
        resources.set_gpus(1);
      } else if (i % 4 == 0) {
        job.mutable_spec()->mutable_evaluate();
        resources.set_cpus(2);
      } else {
        job.mutable_spec()->mutable_data();
      }
      jobs_.Add(job, now_);
      dispatcher_.JobWaits(job, now_);
    }
  }

  // Milliseconds, and what was started.
  std::pair<double, size_t> Decide() {
    now_ += absl::Seconds(1);
    const double cpu_before = CpuSeconds();
    const auto start = std::chrono::steady_clock::now();
    const Decisions decisions = dispatcher_.Decide(now_);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    cpu_ms_ = 1000 * (CpuSeconds() - cpu_before);
    for (const Start& start : decisions.starts) {
      decisions_.Add(start.job_id);
      for (const v1::Placement& placement : start.placements) decisions_.Add(placement.worker_id());
    }
    return {took.count(), decisions.starts.size()};
  }
  // Of the last Decide.
  double cpu_ms() const { return cpu_ms_; }
  size_t waiting() const { return dispatcher_.waiting(); }
  Dispatcher& dispatcher() { return dispatcher_; }
  // Of all that was started so far.
  uint64_t decisions() const { return decisions_.value(); }

 private:
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  JobTable jobs_;
  Dispatcher dispatcher_;
  double cpu_ms_ = 0;
  Fingerprint decisions_;
};

void RunPasses(const Flags& flags) {
  Pass pass(flags);
  std::printf("pass: %llu workers, %zu pending jobs\n", static_cast<unsigned long long>(flags.workers),
              pass.waiting());
  const auto [cold_ms, started] = pass.Decide();
  std::printf("  onto an empty cluster: %.1f ms, %.1f ms of CPU, %zu jobs started, %.2f us for each\n",
              cold_ms, pass.cpu_ms(), started,
              1000 * cold_ms / static_cast<double>(std::max<size_t>(started, 1)));
  std::vector<double> times;
  v1::WorkerOffer offer;
  offer.set_cpus(8);
  offer.set_memory_bytes(uint64_t{64} << 30);
  for (const char* kind : {"data", "pretrain", "evaluate"}) offer.add_kinds(kind);
  size_t more = 0;
  for (int i = 0; i < 2000; ++i) {
    // A worker has room for one cpu more.
    const std::string id = absl::StrCat("w", i * 4 + 1);
    Room free = RoomOf(id, offer);
    free.cpus = 1;
    pass.dispatcher().WorkerOffers(id, RoomOf(id, offer), free, offer);
    const auto [ms, starts] = pass.Decide();
    times.push_back(1000 * ms);
    more += starts;
  }
  std::sort(times.begin(), times.end());
  std::printf(
      "  onto a full one, when a cpu comes free (%zu still wait, %zu started): median %.1f us, p99 %.1f us\n",
      pass.waiting(), more, times[times.size() / 2], times[times.size() * 99 / 100]);
  std::printf("  decisions %016llx\n", static_cast<unsigned long long>(pass.decisions()));
}

void PrintDay(const Flags& flags) {
  DayOptions options;
  options.workers = static_cast<uint32_t>(flags.workers);
  options.jobs = flags.jobs;
  options.minutes = static_cast<uint32_t>(flags.minutes);
  options.priorities = flags.priorities != 0;
  const DayResult result = RunDay(options);
  std::printf("%u minutes of %u workers, %llu jobs: %.1f s, of them %.1f s in the scheduler; %.1f s of CPU\n",
              options.minutes, options.workers, static_cast<unsigned long long>(options.jobs), result.seconds,
              result.scheduler_seconds, result.cpu_seconds);
  std::printf(
      "  %llu synchronisations, %.2f us each; of idle workers %llu, %.2f us each; slowest event %.1f ms\n",
      static_cast<unsigned long long>(result.synchronizations),
      1e6 * result.scheduler_seconds / static_cast<double>(result.synchronizations),
      static_cast<unsigned long long>(result.idle),
      1e6 * result.idle_seconds / static_cast<double>(std::max<uint64_t>(result.idle, 1)),
      1000 * result.slowest_seconds);
  std::printf("  %llu starts, %llu done, %.1f %% of cpus busy, %.0f s from submission to start on average\n",
              static_cast<unsigned long long>(result.starts), static_cast<unsigned long long>(result.done),
              100 * result.utilisation, result.wait_seconds_mean);
  std::printf("  %llu bytes of memory for each job; decisions %016llx\n",
              static_cast<unsigned long long>(result.bytes_per_job),
              static_cast<unsigned long long>(result.decisions));
}

}  // namespace
}  // namespace bonsai

int main(int count, char** arguments) {
  bonsai::Flags flags;
  for (int i = 1; i < count; ++i) {
    const char* argument = arguments[i];
    if (!bonsai::ReadFlag(argument, "workers", flags.workers) &&
        !bonsai::ReadFlag(argument, "pending", flags.pending) &&
        !bonsai::ReadFlag(argument, "jobs", flags.jobs) &&
        !bonsai::ReadFlag(argument, "minutes", flags.minutes) &&
        !bonsai::ReadFlag(argument, "day", flags.day) &&
        !bonsai::ReadFlag(argument, "priorities", flags.priorities)) {
      std::fprintf(stderr, "%s: give --workers, --pending, --jobs, --minutes, --day or --priorities\n",
                   argument);
      return 2;
    }
  }
  bonsai::RunPasses(flags);
  if (flags.day != 0) bonsai::PrintDay(flags);
  return 0;
}
