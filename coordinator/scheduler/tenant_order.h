// The tenants in the order of their fair shares at one instant, so that whoever looks for the first job of
// many need not ask for every tenant's share each time.
//
// Held by the Dispatcher for the time of one pass; single-threaded.
#ifndef BONSAI_COORDINATOR_SCHEDULER_TENANT_ORDER_H_
#define BONSAI_COORDINATOR_SCHEDULER_TENANT_ORDER_H_

#include <vector>

#include "absl/container/btree_set.h"
#include "absl/time/time.h"
#include "coordinator/scheduler/fair_share.h"

namespace bonsai {

class TenantOrder {
 public:
  struct Rank {
    double share = 0;  // FairShare::Order: smaller goes first
    FairShare::Tenant tenant = 0;

    auto operator<=>(const Rank&) const = default;
  };

  // Every tenant, as of now.
  void Reset(const FairShare& shares, absl::Time now);
  // What the tenant holds, or what is kept for it, has changed at the instant of Reset.
  void Update(const FairShare& shares, FairShare::Tenant tenant);

  double share(FairShare::Tenant tenant) const { return shares_[tenant]; }
  const absl::btree_set<Rank>& ranks() const;

 private:
  absl::Time now_;
  std::vector<double> shares_;  // by tenant
  // Made when it is first asked for.
  mutable absl::btree_set<Rank> ranks_;
  mutable bool ranked_ = false;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_TENANT_ORDER_H_
