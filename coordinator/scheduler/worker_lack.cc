#include "coordinator/scheduler/worker_lack.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/cordon_table.h"
#include "coordinator/scheduler/placement.h"

namespace bonsai {
namespace {

std::string Short(const char* what, uint64_t needed, uint64_t free, uint64_t all) {
  if (all < needed) return absl::StrCat("has ", all, " ", what, ", ", needed, " are needed");
  return absl::StrCat("has ", free, " of its ", all, " ", what, " free, ", needed, " are needed");
}

// What does not change with what the worker runs.
std::string DescribeUnfit(const v1::JobSpec& spec, const RankNeed& need, const Worker& worker,
                          const v1::WorkerStatus& status) {
  if (!worker.live) return "is not connected";
  if (worker.leaving) return "is leaving";
  if (status.has_record()) return DescribeCordon(status.record());
  const auto& kinds = worker.offer.kinds();
  if (std::find(kinds.begin(), kinds.end(), need.kind) == kinds.end()) {
    return absl::StrCat("has no runner for ", need.kind, " jobs");
  }
  for (const auto& [key, value] : spec.resources().labels()) {
    const auto it = worker.offer.labels().find(key);
    if (it == worker.offer.labels().end()) return absl::StrCat("has no label ", key, "=", value);
    if (it->second != value) return absl::StrCat("has the label ", key, "=", it->second, ", not ", value);
  }
  return "";
}

std::string DescribeDeviceLack(const std::string& target, const v1::WorkerStatus& status) {
  std::string leased;
  for (const v1::DeviceStatus& device : status.devices()) {
    if (device.device().target() != target) continue;
    if (device.leased_by().empty()) return "";
    leased = device.leased_by();
  }
  return leased.empty() ? absl::StrCat("has no ", target, " device")
                        : absl::StrCat("has its ", target, " devices leased by ", leased);
}

}  // namespace

std::string DescribeLack(const v1::JobSpec& spec, const Worker& worker, const v1::WorkerStatus& status) {
  const RankNeed need = NeedOf(spec);
  if (std::string unfit = DescribeUnfit(spec, need, worker, status); !unfit.empty()) return unfit;
  if (status.cpus_free() < need.cpus) return Short("cpus", need.cpus, status.cpus_free(), status.cpus());
  if (status.memory_bytes_free() < need.memory_bytes) {
    return Short("bytes of memory", need.memory_bytes, status.memory_bytes_free(), status.memory_bytes());
  }
  if (status.gpus_free() < need.gpus) return Short("gpus", need.gpus, status.gpus_free(), status.gpus());
  if (!need.device_target.empty()) return DescribeDeviceLack(need.device_target, status);
  return "";
}

}  // namespace bonsai
