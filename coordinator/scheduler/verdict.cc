#include "coordinator/scheduler/verdict.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

using Outcome = v1::AttemptRecord::Outcome;

// Of a backoff, so that jobs that failed together do not come back together.
constexpr double kShortest = 0.75;
constexpr double kLongest = 1.25;

// FNV-1a: the same on every machine and in every build.
uint64_t HashOf(absl::string_view text) {
  uint64_t hash = 14695981039346656037u;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

Verdict JudgeFailure(const v1::JobRecord& job, const SchedulerOptions& options) {
  const v1::AttemptRecord& last = job.attempts(job.attempts_size() - 1);
  const uint32_t tries =
      job.spec().max_attempts() == 0 ? options.default_max_attempts : job.spec().max_attempts();
  Verdict verdict;
  verdict.reason = absl::StrCat("attempt ", last.number(), " failed (failure ", job.failures(),
                                " of at most ", tries, "): ", last.reason());
  if (job.failures() >= tries) verdict.state = v1::FAILED;
  verdict.backoff = BackoffOf(job.id(), job.failures(), options);
  return verdict;
}

// LOST, HUNG and PREEMPTED.
Verdict JudgeInterruption(const v1::JobRecord& job, const SchedulerOptions& options) {
  const v1::AttemptRecord& last = job.attempts(job.attempts_size() - 1);
  const bool preempted = last.outcome() == v1::AttemptRecord::PREEMPTED;
  const bool hung = last.outcome() == v1::AttemptRecord::HUNG;
  const uint32_t count = preempted ? job.preemptions() : job.losses();
  const char* what = preempted ? " was preempted: " : hung ? " hung: " : " was lost: ";
  Verdict verdict;
  verdict.reason = absl::StrCat("attempt ", last.number(), what, last.reason());
  if (count > (preempted ? options.preemptions_max : options.lost_attempts_max)) {
    verdict.state = v1::FAILED;
    verdict.reason = absl::StrCat(count, " attempts were ", preempted ? "preempted" : "lost or hung",
                                  "; the last: ", verdict.reason);
  }
  if (hung || (!preempted && count > 1)) {
    verdict.backoff = BackoffOf(job.id(), hung ? count : count - 1, options);
  }
  return verdict;
}

}  // namespace

Verdict Judge(v1::JobRecord& job, const SchedulerOptions& options) {
  const v1::AttemptRecord& last = job.attempts(job.attempts_size() - 1);
  switch (last.outcome()) {
    case v1::AttemptRecord::CANCELLED:
      return {v1::CANCELLED, "cancelled on request", {}};
    case v1::AttemptRecord::BAD_INPUT:
      return {v1::FAILED, absl::StrCat("bad input: ", last.reason()), {}};
    case v1::AttemptRecord::TIMED_OUT:
      return {v1::FAILED, last.reason(), {}};
    case v1::AttemptRecord::FAILED:
      job.set_failures(job.failures() + 1);
      return JudgeFailure(job, options);
    case v1::AttemptRecord::PREEMPTED:
      job.set_preemptions(job.preemptions() + 1);
      return JudgeInterruption(job, options);
    default:
      job.set_losses(job.losses() + 1);
      return JudgeInterruption(job, options);
  }
}

absl::Duration BackoffOf(absl::string_view job_id, uint32_t count, const SchedulerOptions& options) {
  absl::Duration backoff = options.backoff_first;
  for (uint32_t i = 1; i < count && backoff < options.backoff_max; ++i) backoff *= 2;
  backoff = std::min(backoff, options.backoff_max);
  const uint64_t draw = HashOf(absl::StrCat(job_id, " ", count)) >> 11;
  const double fraction = static_cast<double>(draw) / static_cast<double>(uint64_t{1} << 53);
  return backoff * (kShortest + (kLongest - kShortest) * fraction);
}

absl::Duration LongestBackoff(const SchedulerOptions& options) { return options.backoff_max * kLongest; }

void ExcludeWorkers(const std::vector<std::string>& worker_ids, const SchedulerOptions& options,
                    v1::JobRecord& job) {
  auto& excluded = *job.mutable_excluded_workers();
  for (const std::string& id : worker_ids) {
    if (std::find(excluded.begin(), excluded.end(), id) != excluded.end()) continue;
    *excluded.Add() = id;
  }
  const int surplus = excluded.size() - static_cast<int>(options.excluded_workers_max);
  if (surplus > 0) excluded.DeleteSubrange(0, surplus);
}

}  // namespace bonsai
