#include "coordinator/scheduler/tenant_order.h"

namespace bonsai {

void TenantOrder::Reset(const FairShare& shares, absl::Time now) {
  now_ = now;
  shares_.clear();
  ranked_ = false;
  for (FairShare::Tenant tenant = 0; tenant < shares.size(); ++tenant) {
    shares_.push_back(shares.Order(tenant, now));
  }
}

const absl::btree_set<TenantOrder::Rank>& TenantOrder::ranks() const {
  if (ranked_) return ranks_;
  ranks_.clear();
  for (FairShare::Tenant tenant = 0; tenant < shares_.size(); ++tenant) {
    ranks_.insert({shares_[tenant], tenant});
  }
  ranked_ = true;
  return ranks_;
}

void TenantOrder::Update(const FairShare& shares, FairShare::Tenant tenant) {
  if (ranked_) ranks_.erase({shares_[tenant], tenant});
  shares_[tenant] = shares.Order(tenant, now_);
  if (ranked_) ranks_.insert({shares_[tenant], tenant});
}

}  // namespace bonsai
