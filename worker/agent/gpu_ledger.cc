#include "worker/agent/gpu_ledger.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"

namespace bonsai {

GpuLedger::GpuLedger(std::unique_ptr<GpuDriver> driver, uint32_t configured)
    : driver_(std::move(driver)), configured_(configured) {
  Refresh(absl::Now());
}

void GpuLedger::Refresh(absl::Time now) {
  if (driver_ == nullptr || now - read_ < kGpuReadInterval) return;
  read_ = now;
  // Without the lock: a sick driver must not hold up the start of ranks.
  std::vector<v1::Gpu> gpus = driver_->Read();
  std::lock_guard<std::mutex> lock(mutex_);
  gpus_ = std::move(gpus);
}

size_t GpuLedger::Ours() const {
  return configured_ == 0 ? gpus_.size() : std::min<size_t>(configured_, gpus_.size());
}

void GpuLedger::Offer(v1::WorkerOffer& offer) const {
  offer.clear_gpu_devices();
  offer.set_gpus(configured_);
  if (driver_ == nullptr) return;
  std::lock_guard<std::mutex> lock(mutex_);
  uint32_t healthy = 0;
  for (size_t i = 0; i < Ours(); ++i) {
    *offer.add_gpu_devices() = gpus_[i];
    if (gpus_[i].unhealthy().empty()) ++healthy;
  }
  offer.set_gpus(healthy);
}

absl::StatusOr<std::vector<std::string>> GpuLedger::Take(const RankKey& rank, uint32_t count) {
  std::vector<std::string> ids;
  if (driver_ == nullptr || count == 0) return ids;
  std::lock_guard<std::mutex> lock(mutex_);
  for (size_t i = 0; i < Ours() && ids.size() < count; ++i) {
    if (gpus_[i].unhealthy().empty() && taken_.count(gpus_[i].id()) == 0) ids.push_back(gpus_[i].id());
  }
  if (ids.size() < count) {
    return absl::UnavailableError(
        absl::StrCat("it needs ", count, " GPUs; ", ids.size(), " are healthy and free here"));
  }
  for (const std::string& id : ids) taken_[id] = rank;
  return ids;
}

void GpuLedger::Give(const RankKey& rank) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (auto at = taken_.begin(); at != taken_.end();)
    at = at->second == rank ? taken_.erase(at) : std::next(at);
}

std::vector<std::string> GpuLedger::Environment(const std::vector<std::string>& ids) const {
  if (driver_ == nullptr) return {};
  return {absl::StrCat("CUDA_VISIBLE_DEVICES=", absl::StrJoin(ids, ","))};
}

}  // namespace bonsai
