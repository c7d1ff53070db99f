#include "coordinator/rpc/census.h"

#include <algorithm>

namespace bonsai {
namespace {

const char* WaitsFor(const v1::JobRecord& job, int64_t now_ms) {
  if (job.state() == v1::WAITING) return "inputs";
  return job.not_before_unix_ms() > now_ms ? "backoff" : "room";
}

}  // namespace

JobCensus TakeCensus(const ReadModel& model, absl::Time now) {
  JobCensus census;
  const int64_t now_ms = absl::ToUnixMillis(now);
  model.ForEachJob([&](const v1::JobStatus& status) {
    const v1::JobRecord& job = status.job();
    if (job.state() == v1::WAITING || job.state() == v1::READY) {
      ++census.pending[{job.queue(), job.tenant(), WaitsFor(job, now_ms)}];
    } else if (job.state() == v1::RUNNING) {
      ++census.running[{job.queue(), job.tenant()}];
      if (status.sample().metrics_size() > 0) census.measured.push_back(status);
    }
  });
  std::sort(census.measured.begin(), census.measured.end(),
            [](const auto& a, const auto& b) { return a.job().sequence() < b.job().sequence(); });
  if (census.measured.size() > kMeasuredJobsMax) census.measured.resize(kMeasuredJobsMax);
  return census;
}

}  // namespace bonsai
