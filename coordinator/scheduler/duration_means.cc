#include "coordinator/scheduler/duration_means.h"

#include "coordinator/scheduler/job_kinds.h"

namespace bonsai {

void DurationMeans::Add(const v1::JobRecord& job) {
  if (job.state() != v1::DONE) return;
  absl::Duration total;
  for (const v1::AttemptRecord& attempt : job.attempts()) {
    total += absl::Milliseconds(attempt.ended_unix_ms() - attempt.started_unix_ms());
  }
  Sum& sum = sums_[JobKind(job.spec())];
  ++sum.jobs;
  sum.total += total;
}

DurationMeans::Mean DurationMeans::Of(const std::string& kind) const {
  const auto it = sums_.find(kind);
  if (it == sums_.end()) return {};
  return {it->second.jobs, it->second.total / static_cast<int64_t>(it->second.jobs)};
}

}  // namespace bonsai
