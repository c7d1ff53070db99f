#include "coordinator/scheduler/verdict.h"

#include "absl/strings/str_cat.h"

namespace bonsai {

Verdict Judge(const v1::JobRecord& job, const SchedulerOptions& options) {
  uint32_t failed = 0;
  uint32_t lost = 0;
  for (const v1::AttemptRecord& attempt : job.attempts()) {
    failed += attempt.outcome() == v1::AttemptRecord::FAILED;
    lost += attempt.outcome() == v1::AttemptRecord::LOST || attempt.outcome() == v1::AttemptRecord::PREEMPTED;
  }
  const v1::AttemptRecord& last = job.attempts(job.attempts_size() - 1);
  switch (last.outcome()) {
    case v1::AttemptRecord::CANCELLED:
      return {v1::CANCELLED, "cancelled on request"};
    case v1::AttemptRecord::BAD_INPUT:
      return {v1::FAILED, absl::StrCat("bad input: ", last.reason())};
    case v1::AttemptRecord::FAILED: {
      const uint32_t tries =
          job.spec().max_attempts() == 0 ? options.default_max_attempts : job.spec().max_attempts();
      const std::string why = absl::StrCat("attempt ", last.number(), " failed (failure ", failed,
                                           " of at most ", tries, "): ", last.reason());
      return {failed >= tries ? v1::FAILED : v1::READY, why};
    }
    default: {
      const char* what = last.outcome() == v1::AttemptRecord::PREEMPTED ? " was preempted: " : " was lost: ";
      const std::string why = absl::StrCat("attempt ", last.number(), what, last.reason());
      if (lost <= options.lost_attempts_max) return {v1::READY, why};
      return {v1::FAILED, absl::StrCat(lost, " attempts were lost or preempted; the last: ", why)};
    }
  }
}

}  // namespace bonsai
