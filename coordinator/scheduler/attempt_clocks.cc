#include "coordinator/scheduler/attempt_clocks.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

// The estimate of the end may change without any step.
std::string SignOf(const v1::RankReport& report) {
  return absl::StrCat(report.progress().step(), " ", report.progress().total_steps(), " ",
                      report.progress().unit(), " ", report.sample().SerializeAsString(), " ",
                      report.checkpoint().manifest_id());
}

}  // namespace

void AttemptClocks::Start(const v1::JobRecord& job, absl::Time now) {
  Remove(job.id());
  Clock clock;
  clock.limit_seconds = job.spec().time_limit_seconds();
  clock.progress_seconds = job.spec().progress_timeout_seconds();
  // Now at the latest: the clock may have been set back while the coordinator was away.
  const absl::Time started =
      std::min(now, absl::FromUnixMillis(job.attempts(job.attempts_size() - 1).started_unix_ms()));
  if (clock.limit_seconds > 0) clock.ends = started + absl::Seconds(clock.limit_seconds);
  if (clock.progress_seconds > 0) clock.hangs = now + absl::Seconds(clock.progress_seconds);
  if (clock.next() == absl::InfiniteFuture()) return;
  by_time_.insert({clock.next(), job.id()});
  watching_ += clock.progress_seconds > 0;
  clocks_[job.id()] = std::move(clock);
}

void AttemptClocks::Erase(Clocks::iterator clock) {
  watching_ -= clock->second.progress_seconds > 0;
  clocks_.erase(clock);
}

void AttemptClocks::Remove(const std::string& job_id) {
  auto it = clocks_.find(job_id);
  if (it == clocks_.end()) return;
  by_time_.erase({it->second.next(), job_id});
  Erase(it);
}

void AttemptClocks::Report(const v1::RankReport& report, absl::Time now) {
  if (watching_ == 0) return;
  auto it = clocks_.find(report.job_id());
  if (it == clocks_.end() || it->second.hangs == absl::InfiniteFuture()) return;
  Clock& clock = it->second;
  std::string sign = SignOf(report);
  if (sign == clock.sign) return;
  by_time_.erase({clock.next(), report.job_id()});
  clock.sign = std::move(sign);
  clock.step = report.progress().step();
  clock.hangs = now + absl::Seconds(clock.progress_seconds);
  by_time_.insert({clock.next(), report.job_id()});
}

std::vector<AttemptClocks::Due> AttemptClocks::Expire(absl::Time now) {
  std::vector<Due> due;
  while (!by_time_.empty() && by_time_.begin()->first <= now) {
    const std::string job_id = by_time_.begin()->second;
    by_time_.erase(by_time_.begin());
    const auto it = clocks_.find(job_id);
    const Clock& clock = it->second;
    if (clock.ends <= now) {
      due.push_back({job_id, v1::AttemptRecord::TIMED_OUT,
                     absl::StrCat("it ran for longer than its time_limit_seconds: ", clock.limit_seconds)});
    } else {
      due.push_back({job_id, v1::AttemptRecord::HUNG,
                     absl::StrCat("no progress after step ", clock.step,
                                  " for its progress_timeout_seconds: ", clock.progress_seconds)});
    }
    // It is being stopped now; there is nothing left to wait for.
    Erase(it);
  }
  return due;
}

absl::Time AttemptClocks::NextDeadline() const {
  return by_time_.empty() ? absl::InfiniteFuture() : by_time_.begin()->first;
}

}  // namespace bonsai
