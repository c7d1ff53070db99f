#include "coordinator/scheduler/tenant_order.h"

#include <gtest/gtest.h>

#include <string>

namespace bonsai {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'000'000);

std::string Names(const TenantOrder& order, const FairShare& shares) {
  std::string names;
  for (const TenantOrder::Rank& rank : order.ranks()) names += shares.name(rank.tenant);
  return names;
}

TEST(TenantOrder, IsByShareAndThenByNumber) {
  FairShare shares({}, absl::Hours(1));
  const FairShare::Tenant a = shares.Find("a"), b = shares.Find("b");
  shares.Find("c");
  shares.Hold(a, 8, 0, kNow);
  shares.Hold(b, 4, 0, kNow);
  TenantOrder order;
  order.Reset(shares, kNow);
  EXPECT_EQ(Names(order, shares), "cba");
  EXPECT_EQ(order.share(b), shares.Order(b, kNow));
  shares.Release(a, 8, 0, kNow);
  order.Reset(shares, kNow);
  EXPECT_EQ(Names(order, shares), "acb");
}

TEST(TenantOrder, FollowsOneTenantsChangeAndForgetsItsOldPlace) {
  FairShare shares({}, absl::Hours(1));
  const FairShare::Tenant a = shares.Find("a"), b = shares.Find("b");
  shares.Hold(b, 4, 0, kNow);
  TenantOrder order;
  order.Reset(shares, kNow + absl::Minutes(5));
  EXPECT_EQ(Names(order, shares), "ab");
  shares.Keep(a, 16, 0);
  order.Update(shares, a);
  EXPECT_EQ(Names(order, shares), "ba");
  EXPECT_EQ(order.share(a), shares.Order(a, kNow + absl::Minutes(5)));
  shares.Unkeep(a, 16, 0);
  order.Update(shares, a);
  EXPECT_EQ(Names(order, shares), "ab");
}

}  // namespace
}  // namespace bonsai
