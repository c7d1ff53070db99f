#include "coordinator/scheduler/worker_table.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

constexpr size_t kWorkersMax = 10000;
constexpr size_t kRetiredSessionsMax = 8;
constexpr size_t kNameBytesMax = 256;
constexpr int kRanksMax = 10000;
constexpr int kDevicesMax = 1000;
constexpr int kKindsMax = 100;
constexpr absl::Duration kForgetAfter = absl::Hours(24);

absl::Status Invalid(absl::string_view field, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("SynchronizeRequest.", field, ": ", what));
}

absl::Status CheckName(absl::string_view field, absl::string_view name) {
  if (name.empty()) return Invalid(field, "is empty");
  if (name.size() > kNameBytesMax) {
    return Invalid(field, absl::StrCat("has ", name.size(), " bytes; at most ", kNameBytesMax));
  }
  return absl::OkStatus();
}

template <typename Items, typename Same>
bool AllSame(const Items& a, const Items& b, Same same) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), same);
}

// The order of repeated fields counts: a worker does not reorder them from one request to the next.
bool SameOffer(const v1::WorkerOffer& a, const v1::WorkerOffer& b) {
  const auto same_text = [](const std::string& x, const std::string& y) { return x == y; };
  const auto same_device = [](const v1::Device& x, const v1::Device& y) {
    return x.id() == y.id() && x.target() == y.target() && x.transport() == y.transport() &&
           x.emulated() == y.emulated() && x.description() == y.description();
  };
  const auto same_gpu = [](const v1::Gpu& x, const v1::Gpu& y) {
    return x.id() == y.id() && x.name() == y.name() && x.memory_bytes() == y.memory_bytes() &&
           x.errors() == y.errors() && x.unhealthy() == y.unhealthy();
  };
  const bool same_labels = a.labels_size() == b.labels_size() &&
                           std::all_of(a.labels().begin(), a.labels().end(), [&](const auto& label) {
                             auto it = b.labels().find(label.first);
                             return it != b.labels().end() && it->second == label.second;
                           });
  return a.cpus() == b.cpus() && a.memory_bytes() == b.memory_bytes() && a.gpus() == b.gpus() &&
         a.shares_storage() == b.shares_storage() && same_labels &&
         AllSame(a.kinds(), b.kinds(), same_text) && AllSame(a.devices(), b.devices(), same_device) &&
         AllSame(a.gpu_devices(), b.gpu_devices(), same_gpu) &&
         AllSame(a.cached_artifacts(), b.cached_artifacts(), same_text);
}

// No rank is there twice.
absl::Status CheckRanks(const v1::SynchronizeRequest& request) {
  using RankId = std::tuple<absl::string_view, uint32_t, uint32_t>;
  const auto id_of = [](const v1::RankReport& rank) {
    return RankId(rank.job_id(), rank.attempt(), rank.rank());
  };
  const auto not_before = [&](const v1::RankReport& a, const v1::RankReport& b) {
    return !(id_of(a) < id_of(b));
  };
  // As they mostly come: in the order in which they were desired.
  if (std::adjacent_find(request.ranks().begin(), request.ranks().end(), not_before) ==
      request.ranks().end()) {
    return absl::OkStatus();
  }
  std::vector<RankId> ranks;
  for (const v1::RankReport& rank : request.ranks()) ranks.push_back(id_of(rank));
  std::sort(ranks.begin(), ranks.end());
  const auto twice = std::adjacent_find(ranks.begin(), ranks.end());
  if (twice == ranks.end()) return absl::OkStatus();
  const auto& [job_id, attempt, rank] = *twice;
  return Invalid("ranks", absl::StrCat(job_id, " attempt ", attempt, " rank ", rank, " is there twice"));
}

}  // namespace

absl::Status CheckSynchronizeRequest(const v1::SynchronizeRequest& request) {
  if (absl::Status status = CheckName("worker_id", request.worker_id()); !status.ok()) return status;
  if (absl::Status status = CheckName("session", request.session()); !status.ok()) return status;
  if (request.ranks_size() > kRanksMax) return Invalid("ranks", absl::StrCat("more than ", kRanksMax));
  if (request.offer().devices_size() > kDevicesMax) {
    return Invalid("offer.devices", absl::StrCat("more than ", kDevicesMax));
  }
  if (request.offer().kinds_size() > kKindsMax)
    return Invalid("offer.kinds", absl::StrCat("more than ", kKindsMax));
  absl::btree_set<std::string> devices;
  for (const v1::Device& device : request.offer().devices()) {
    if (absl::Status status = CheckName("offer.devices.id", device.id()); !status.ok()) return status;
    if (!devices.insert(device.id()).second) {
      return Invalid("offer.devices.id", absl::StrCat("\"", device.id(), "\" is there twice"));
    }
  }
  return CheckRanks(request);
}

absl::Status WorkerTable::Hear(const v1::SynchronizeRequest& request, absl::Time now, absl::Duration lease,
                               Heard& heard) {
  Worker* found = Find(request.worker_id());
  if (found == nullptr) {
    if (workers_.size() >= kWorkersMax) {
      return absl::ResourceExhaustedError(
          absl::StrCat("worker ", request.worker_id(), ": there are ", kWorkersMax, " workers already"));
    }
    found = &workers_.emplace(request.worker_id(), Worker()).first->second;
    found->id = request.worker_id();
    by_id_[found->id] = found;
    heard = Heard::kFirstSession;
  } else if (found->session == request.session()) {
    const bool late = request.sequence() != 0 && request.sequence() <= found->sequence;
    heard = late ? Heard::kLate : Heard::kSameSession;
  } else {
    const std::deque<std::string>& retired = found->retired_sessions;
    const bool known = std::find(retired.begin(), retired.end(), request.session()) != retired.end();
    // Only while its successor lives: had the two come in the wrong order, the living one would be shut out
    // for good.
    heard = known && found->live ? Heard::kRetired : Heard::kNewSession;
  }
  if (heard == Heard::kLate || heard == Heard::kRetired) return absl::OkStatus();
  Worker& worker = *found;
  if (heard == Heard::kNewSession) {
    worker.retired_sessions.push_front(worker.session);
    if (worker.retired_sessions.size() > kRetiredSessionsMax) worker.retired_sessions.pop_back();
  }
  if (!worker.live || worker.leaving != request.leaving() || !SameOffer(worker.offer, request.offer())) {
    MarkChanged(worker.id);
    worker.offer = request.offer();
  }
  if (!worker.live) {
    silent_.erase({worker.lease_until, worker.id});
    leases_.insert({now + lease, &worker});
  }
  worker.session = request.session();
  worker.sequence = request.sequence();
  worker.lease_until = now + lease;
  worker.live = true;
  worker.leaving = request.leaving();
  return absl::OkStatus();
}

void WorkerTable::Refresh() const {
  while (!leases_.empty()) {
    auto first = leases_.begin();
    Worker* const worker = first->second;
    if (worker->lease_until == first->first) return;
    leases_.erase(first);
    leases_.insert({worker->lease_until, worker});
  }
}

std::vector<std::string> WorkerTable::Expire(absl::Time now) {
  std::vector<std::string> expired;
  for (Refresh(); !leases_.empty() && leases_.begin()->first <= now; Refresh()) {
    Worker& worker = *leases_.begin()->second;
    leases_.erase(leases_.begin());
    worker.live = false;
    silent_.insert({worker.lease_until, worker.id});
    MarkChanged(worker.id);
    expired.push_back(worker.id);
  }
  std::sort(expired.begin(), expired.end());
  while (!silent_.empty() && silent_.begin()->first + kForgetAfter <= now) {
    by_id_.erase(silent_.begin()->second);
    workers_.erase(silent_.begin()->second);
    silent_.erase(silent_.begin());
  }
  return expired;
}

absl::Time WorkerTable::NextExpiry() const {
  Refresh();
  return leases_.empty() ? absl::InfiniteFuture() : leases_.begin()->first;
}

Worker* WorkerTable::Find(const std::string& id) {
  auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : it->second;
}

}  // namespace bonsai
