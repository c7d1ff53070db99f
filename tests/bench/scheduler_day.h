// A day of a large cluster, as fast as it goes: the production scheduler is given the submissions and every
// worker's synchronisation of 24 hours, and what it answers is carried out.
//
// For scheduler_bench; single-threaded; the same options give the same day.
#ifndef BONSAI_TESTS_BENCH_SCHEDULER_DAY_H_
#define BONSAI_TESTS_BENCH_SCHEDULER_DAY_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace bonsai {

struct DayOptions {
  uint32_t workers = 10000;
  uint64_t jobs = 1'000'000;
  uint32_t minutes = 24 * 60;
  uint32_t tenants = 20;
  double hours_mean = 1;   // of a job
  bool priorities = true;  // one job in ten outranks the others, so that it makes some of them leave
};

struct DayResult {
  double seconds = 0;            // of wall time
  double cpu_seconds = 0;        // of the process: others may use the machine
  double scheduler_seconds = 0;  // of them within Scheduler::Apply
  uint64_t synchronizations = 0;
  uint64_t idle = 0;  // of workers that ran nothing, and were told nothing
  double idle_seconds = 0;
  uint64_t starts = 0;
  uint64_t done = 0;
  uint64_t preempted = 0;
  double utilisation = 0;  // of cpus, over the day
  double wait_seconds_mean = 0;
  uint64_t bytes_per_job = 0;  // that the process grew by
  double slowest_seconds = 0;  // event
  uint64_t decisions = 0;      // a fingerprint: of every job's states, and where it was placed
};

DayResult RunDay(const DayOptions& options);

// A number that stands for a sequence of texts: FNV-1a over them and their order. A change that only makes
// the scheduler faster leaves it as it was.
class Fingerprint {
 public:
  void Add(absl::string_view text) {
    for (const char c : text) value_ = (value_ ^ static_cast<unsigned char>(c)) * 1099511628211u;
    value_ = (value_ ^ text.size()) * 1099511628211u;
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 14695981039346656037u;
};

// Of the process.
uint64_t ResidentBytes();
double CpuSeconds();

}  // namespace bonsai

#endif  // BONSAI_TESTS_BENCH_SCHEDULER_DAY_H_
