// TableScheduler: where a waiting job stands among the others, for Explain.
#include <tuple>

#include "absl/container/btree_map.h"
#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/table_scheduler.h"
#include "coordinator/scheduler/tenancy.h"

namespace bonsai {
namespace {

// "4 of at most 8 cpus"
std::string Held(uint32_t held, uint32_t most, const char* what) {
  return absl::StrCat(held, most > 0 ? absl::StrCat(" of at most ", most) : "", " ", what);
}

}  // namespace

size_t TableScheduler::CountBefore(const v1::JobRecord& job, absl::Time now) const {
  absl::btree_map<std::string, int32_t> queues;
  for (const v1::QueueConfig& queue : options_.queues) queues[queue.name()] = queue.priority();
  absl::btree_map<std::string, double> shares;
  for (FairShare::Tenant tenant = 0; tenant < dispatcher_.shares().size(); ++tenant) {
    shares[dispatcher_.shares().name(tenant)] = dispatcher_.shares().Order(tenant, now);
  }
  // As PendingQueue::Place orders them.
  const auto place = [&](const v1::JobRecord& record) {
    const auto queue = queues.find(record.queue());
    const auto share = shares.find(record.tenant());
    return std::tuple(queue == queues.end() ? 0 : -queue->second, -record.spec().priority(),
                      share == shares.end() ? 0 : share->second, record.sequence());
  };
  const auto own = place(job);
  size_t before = 0;
  for (const auto& [sequence, ready] : jobs_.ready()) before += place(*jobs_.Find(ready.job_id)) < own;
  return before;
}

void TableScheduler::TellStanding(const v1::JobRecord& job, absl::Time now,
                                  v1::ExplainJobResponse& response) const {
  if (!jobs_.ready().contains(job.sequence())) return;
  response.add_details(absl::StrCat("number ", CountBefore(job, now) + 1, " of ", jobs_.ready().size(),
                                    " jobs that wait for room"));
  double weights = 0;
  double used = 0;
  const std::vector<v1::TenantUsage> usages = ListUsage(now);
  for (const v1::TenantUsage& usage : usages) {
    weights += usage.jobs_pending() + usage.jobs_running() > 0 ? usage.weight() : 0;
    used += usage.cpu_seconds();
  }
  for (const v1::TenantUsage& usage : usages) {
    if (usage.tenant() != TenantOf(job.tenant())) continue;
    response.add_details(absl::StrCat(
        "tenant ", usage.tenant(), " holds ", Held(usage.cpus(), usage.cpus_max(), "cpus"), " and ",
        Held(usage.gpus(), usage.gpus_max(), "gpus"), "; it has used ",
        used > 0 ? static_cast<int>(100 * usage.cpu_seconds() / used + 0.5) : 0, "% of late, and is due ",
        weights > 0 ? static_cast<int>(100 * usage.weight() / weights + 0.5) : 100, "%"));
  }
}

}  // namespace bonsai
