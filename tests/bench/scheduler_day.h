// A day of a large cluster, as fast as it goes: the production scheduler is given the submissions and every
// worker's synchronisation of 24 hours, and what it answers is carried out.
//
// For scheduler_bench; single-threaded; the same options give the same day.
#ifndef BONSAI_TESTS_BENCH_SCHEDULER_DAY_H_
#define BONSAI_TESTS_BENCH_SCHEDULER_DAY_H_

#include <cstdint>

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
};

DayResult RunDay(const DayOptions& options);

// Of the process.
uint64_t ResidentBytes();
double CpuSeconds();

}  // namespace bonsai

#endif  // BONSAI_TESTS_BENCH_SCHEDULER_DAY_H_
