#include "coordinator/simulate/share_meter.h"

#include <algorithm>

namespace bonsai {
namespace {

constexpr double kCpusPerGpu = 16;  // as the scheduler's fair share counts

}  // namespace

size_t ShareMeter::AddTenant(double weight) {
  tenants_.push_back({weight > 0 ? weight : 1});
  return tenants_.size() - 1;
}

void ShareMeter::Advance(absl::Time now) {
  now = std::min(now, end_);
  if (now <= last_) return;
  const double seconds = absl::ToDoubleSeconds(now - last_);
  last_ = now;
  cpu_seconds_ += cpus_ * seconds;
  gpu_seconds_ += gpus_ * seconds;
  double weights = 0;
  for (const Tenant& tenant : tenants_) {
    if (tenant.waiting > 0 || tenant.held > 0) weights += tenant.weight;
  }
  const double held = cpus_ + kCpusPerGpu * gpus_;
  for (Tenant& tenant : tenants_) {
    if (tenant.waiting <= 0) continue;
    tenant.got += tenant.held * seconds;
    tenant.due += held * tenant.weight / weights * seconds;
    tenant.all += held * seconds;
  }
}

void ShareMeter::Hold(size_t tenant, double cpus, double gpus, absl::Time now) {
  Advance(now);
  tenants_[tenant].held += cpus + kCpusPerGpu * gpus;
  cpus_ += cpus;
  gpus_ += gpus;
}

void ShareMeter::Wait(size_t tenant, int64_t jobs, absl::Time now) {
  Advance(now);
  tenants_[tenant].waiting += jobs;
}

ShareMeter::Share ShareMeter::ShareOf(size_t tenant) const {
  const Tenant& found = tenants_[tenant];
  if (found.all <= 0) return {};
  return {found.got / found.all, found.due / found.all};
}

double ShareMeter::JainIndex() const {
  double sum = 0;
  double squares = 0;
  double count = 0;
  for (const Tenant& tenant : tenants_) {
    if (tenant.due <= 0) continue;
    const double part = tenant.got / tenant.due;
    sum += part;
    squares += part * part;
    ++count;
  }
  return squares <= 0 ? 1 : sum * sum / (count * squares);
}

}  // namespace bonsai
