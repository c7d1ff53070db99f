#include "coordinator/scheduler/queue_table.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/scheduler/placement.h"

namespace bonsai {
namespace {

uint64_t Left(uint64_t bound, uint64_t held) {
  if (bound == 0) return std::numeric_limits<uint64_t>::max();
  return bound > held ? bound - held : 0;
}

}  // namespace

QueueTable::QueueTable(const std::vector<v1::QueueConfig>& queues) {
  Find("default");
  for (const v1::QueueConfig& config : queues) queues_[Find(config.name())].config = config;
  for (Entry& entry : queues_) entry.known = true;
}

QueueTable::Queue QueueTable::Find(absl::string_view name) {
  if (name.empty()) name = "default";
  auto it = by_name_.find(name);
  if (it != by_name_.end()) return it->second;
  const Queue queue = static_cast<Queue>(queues_.size());
  Entry& entry = queues_.emplace_back();
  entry.config.set_name(std::string(name));
  entry.known = false;
  by_name_.emplace(std::string(name), queue);
  return queue;
}

absl::Status QueueTable::CheckQueue(absl::string_view queue, absl::string_view tenant) const {
  const absl::string_view name = queue.empty() ? absl::string_view("default") : queue;
  auto it = by_name_.find(name);
  if (it == by_name_.end() || !queues_[it->second].known) {
    std::vector<std::string> names;
    for (const auto& [known, index] : by_name_) {
      const Entry& entry = queues_[index];
      if (!entry.known) continue;
      if (entry.config.only_tenant().empty() || entry.config.only_tenant() == tenant) names.push_back(known);
    }
    return absl::InvalidArgumentError(absl::StrCat("pipeline: queue is \"", name.substr(0, 100),
                                                   "\": must be one of: ", absl::StrJoin(names, ", ")));
  }
  const v1::QueueConfig& config = queues_[it->second].config;
  if (config.only_tenant().empty() || config.only_tenant() == tenant) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat("pipeline: queue is \"", name, "\", which is tenant ",
                                                  config.only_tenant(), "'s alone; yours is ", tenant));
}

absl::Status QueueTable::CheckJob(const v1::JobSpec& spec, absl::string_view queue) const {
  auto it = by_name_.find(queue.empty() ? absl::string_view("default") : queue);
  if (it == by_name_.end()) return absl::OkStatus();
  const uint64_t bound = queues_[it->second].config.cpus_max();
  const uint64_t least = uint64_t{NeedOf(spec).cpus} * MinRanksOf(spec);
  if (bound == 0 || least <= bound) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("job \"", spec.name(), "\": resources need ", least,
                                                 " cpus at least; queue ", it->first, " may hold ", bound));
}

// A job writes no one knows how much; one that starts below the bound may end above it.
bool StorageIsFull(const FairShare& shares, FairShare::Tenant tenant) {
  const uint64_t bound = shares.config(tenant).storage_bytes_max();
  return bound > 0 && shares.storage_bytes(tenant) >= bound;
}

uint32_t RanksAllowed(uint64_t cpus, uint64_t gpus, uint32_t wanted, const FairShare& shares,
                      FairShare::Tenant tenant, const QueueTable& queues, QueueTable::Queue queue,
                      bool beside_kept) {
  const v1::TenantConfig& quota = shares.config(tenant);
  if (StorageIsFull(shares, tenant)) return 0;
  const uint64_t kept_cpus = beside_kept ? shares.kept_cpus(tenant) : 0;
  const uint64_t kept_gpus = beside_kept ? shares.kept_gpus(tenant) : 0;
  uint64_t ranks = wanted;
  if (cpus > 0) {
    ranks = std::min(ranks, Left(quota.cpus_max(), shares.cpus(tenant) + kept_cpus) / cpus);
    ranks = std::min(ranks, Left(queues.config(queue).cpus_max(), queues.cpus(queue) + kept_cpus) / cpus);
  }
  if (gpus > 0) ranks = std::min(ranks, Left(quota.gpus_max(), shares.gpus(tenant) + kept_gpus) / gpus);
  return static_cast<uint32_t>(ranks);
}

std::string DescribeBound(uint64_t cpus, uint64_t gpus, const FairShare& shares, FairShare::Tenant tenant,
                          const QueueTable& queues, QueueTable::Queue queue) {
  const v1::TenantConfig& quota = shares.config(tenant);
  const auto describe = [](absl::string_view who, uint64_t held, uint64_t bound, const char* what) {
    return absl::StrCat("waits for its quota: ", who, " holds ", held, " of at most ", bound, " ", what);
  };
  const std::string who = absl::StrCat("tenant ", shares.name(tenant));
  if (cpus > Left(quota.cpus_max(), shares.cpus(tenant))) {
    return describe(who, shares.cpus(tenant), quota.cpus_max(), "cpus");
  }
  if (gpus > Left(quota.gpus_max(), shares.gpus(tenant))) {
    return describe(who, shares.gpus(tenant), quota.gpus_max(), "gpus");
  }
  if (StorageIsFull(shares, tenant)) {
    return describe(who, shares.storage_bytes(tenant), quota.storage_bytes_max(), "bytes of artifacts");
  }
  const v1::QueueConfig& config = queues.config(queue);
  if (cpus > Left(config.cpus_max(), queues.cpus(queue))) {
    return describe(absl::StrCat("queue ", config.name()), queues.cpus(queue), config.cpus_max(), "cpus");
  }
  return "";
}

absl::Status CheckQuota(const v1::JobSpec& spec, const v1::TenantConfig& tenant) {
  const RankNeed need = NeedOf(spec);
  const uint64_t ranks = MinRanksOf(spec);
  const auto refuse = [&](uint64_t least, uint64_t bound, const char* what) {
    return absl::InvalidArgumentError(absl::StrCat("job \"", spec.name(), "\": resources need ", least, " ",
                                                   what, " at least; the quota of tenant ", tenant.name(),
                                                   " is ", bound));
  };
  if (tenant.cpus_max() > 0 && need.cpus * ranks > tenant.cpus_max()) {
    return refuse(need.cpus * ranks, tenant.cpus_max(), "cpus");
  }
  if (tenant.gpus_max() > 0 && need.gpus * ranks > tenant.gpus_max()) {
    return refuse(need.gpus * ranks, tenant.gpus_max(), "gpus");
  }
  return absl::OkStatus();
}

}  // namespace bonsai
