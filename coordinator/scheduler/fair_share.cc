#include "coordinator/scheduler/fair_share.h"

#include <algorithm>
#include <cmath>

namespace bonsai {

FairShare::FairShare(const std::vector<v1::TenantConfig>& tenants, absl::Duration half_life)
    : half_life_(half_life) {
  for (const v1::TenantConfig& config : tenants) {
    Account& account = accounts_[Find(config.name())];
    account.config = config;
    if (config.weight() > 0) account.weight = config.weight();
  }
}

FairShare::Tenant FairShare::Find(absl::string_view name) {
  auto it = by_name_.find(name);
  if (it != by_name_.end()) return it->second;
  const Tenant tenant = static_cast<Tenant>(accounts_.size());
  accounts_.emplace_back().config.set_name(std::string(name));
  by_name_.emplace(std::string(name), tenant);
  return tenant;
}

double FairShare::Rate(uint64_t cpus, uint64_t gpus) {
  return static_cast<double>(cpus) + kCpusPerGpu * static_cast<double>(gpus);
}

double FairShare::Decay(absl::Duration span) const {
  if (half_life_ <= absl::ZeroDuration()) return 0;
  return std::exp2(-absl::FDivDuration(std::max(span, absl::ZeroDuration()), half_life_));
}

double FairShare::Integral(absl::Duration span) const {
  if (half_life_ <= absl::ZeroDuration()) return 0;
  return (1 - Decay(span)) * absl::ToDoubleSeconds(half_life_) / std::log(2.0);
}

void FairShare::Advance(Account& account, absl::Time now) const {
  if (account.as_of != absl::InfinitePast() && now > account.as_of) {
    const absl::Duration span = now - account.as_of;
    account.used = account.used * Decay(span) + Rate(account) * Integral(span);
  }
  account.as_of = std::max(account.as_of, now);
}

void FairShare::Hold(Tenant tenant, uint64_t cpus, uint64_t gpus, absl::Time now) {
  Account& account = accounts_[tenant];
  Advance(account, now);
  account.cpus += cpus;
  account.gpus += gpus;
}

void FairShare::Release(Tenant tenant, uint64_t cpus, uint64_t gpus, absl::Time now) {
  Account& account = accounts_[tenant];
  Advance(account, now);
  account.cpus -= std::min(account.cpus, cpus);
  account.gpus -= std::min(account.gpus, gpus);
}

void FairShare::Keep(Tenant tenant, uint64_t cpus, uint64_t gpus) {
  accounts_[tenant].kept_cpus += cpus;
  accounts_[tenant].kept_gpus += gpus;
}

void FairShare::Unkeep(Tenant tenant, uint64_t cpus, uint64_t gpus) {
  accounts_[tenant].kept_cpus -= cpus;
  accounts_[tenant].kept_gpus -= gpus;
}

void FairShare::AddPast(Tenant tenant, uint64_t cpus, uint64_t gpus, absl::Time start, absl::Time end,
                        absl::Time now) {
  Account& account = accounts_[tenant];
  Advance(account, now);
  end = std::min(end, now);
  if (start >= end) return;
  account.used += Rate(cpus, gpus) * Integral(end - start) * Decay(now - end);
}

double FairShare::Usage(Tenant tenant, absl::Time now) const {
  Account account = accounts_[tenant];
  Advance(account, now);
  return account.used;
}

double FairShare::Order(Tenant tenant, absl::Time now) const {
  const Account& account = accounts_[tenant];
  double used = account.used;
  if (account.as_of != absl::InfinitePast() && now > account.as_of) {
    const double decay = Decay(now - account.as_of);
    used = used * decay;
    if (half_life_ > absl::ZeroDuration()) {
      used += Rate(account) * (1 - decay) * absl::ToDoubleSeconds(half_life_) / std::log(2.0);
    }
  }
  const double rate = Rate(account) + Rate(account.kept_cpus, account.kept_gpus);
  return (used + rate * absl::ToDoubleSeconds(kHorizon)) / account.weight;
}

}  // namespace bonsai
