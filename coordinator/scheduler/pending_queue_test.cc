#include "coordinator/scheduler/pending_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace bonsai {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'000'000);

// As many tenants as the parameter says, and jobs of shape 0.
class PendingQueueTest : public testing::TestWithParam<int> {
 protected:
  PendingQueueTest() {
    for (int i = 0; i < GetParam(); ++i) shares_.Find("t" + std::to_string(i));
  }

  void Add(FairShare::Tenant tenant, uint64_t sequence, int32_t priority = 0) {
    PendingJob job;
    job.sequence = sequence;
    job.id = "job " + std::to_string(sequence);
    job.tenant = tenant;
    job.level.job_priority = priority;
    queue_.Put(job);
  }
  // The sequence of the first, or 0; jobs of tenants below `first_allowed` may not start.
  uint64_t First(FairShare::Tenant first_allowed = 0) {
    TenantOrder order;
    order.Reset(shares_, kNow);
    const PendingQueue::Head head = queue_.First(
        0, order, [&](FairShare::Tenant tenant, QueueTable::Queue) { return tenant >= first_allowed; });
    if (head.job == nullptr) return 0;
    EXPECT_EQ(head.tenant, head.job->tenant);
    return head.job->sequence;
  }

  const FairShare::Tenant last_ = static_cast<FairShare::Tenant>(GetParam() - 1);
  FairShare shares_{{}, absl::Hours(1)};
  PendingQueue queue_;
};

// Few parties are all looked at, many in the order of their tenants.
INSTANTIATE_TEST_SUITE_P(Parties, PendingQueueTest, testing::Values(3, 200));

TEST_P(PendingQueueTest, OfEqualSharesTheEarliestGoesFirst) {
  for (FairShare::Tenant tenant = 0; tenant <= last_; ++tenant) Add(tenant, 1000 - tenant);
  EXPECT_EQ(First(), 1000 - last_);
}

TEST_P(PendingQueueTest, TheTenantThatHadLeastGoesFirst) {
  for (FairShare::Tenant tenant = 0; tenant <= last_; ++tenant) {
    Add(tenant, 1000 - tenant);
    shares_.Hold(tenant, tenant == 1 ? 1 : 2 + tenant, 0, kNow);
  }
  EXPECT_EQ(First(), 999u);
}

TEST_P(PendingQueueTest, WhoMayNotStartIsPassedOver) {
  for (FairShare::Tenant tenant = 0; tenant <= last_; ++tenant) {
    Add(tenant, 1 + tenant);
    shares_.Hold(tenant, tenant, 0, kNow);
  }
  EXPECT_EQ(First(), 1u);
  EXPECT_EQ(First(last_), 1 + last_);
  EXPECT_EQ(First(last_ + 1), 0u);
}

TEST_P(PendingQueueTest, AHigherLevelGoesBeforeAnyShare) {
  for (FairShare::Tenant tenant = 0; tenant <= last_; ++tenant) Add(tenant, 1 + tenant);
  shares_.Hold(last_, 100, 0, kNow);
  Add(last_, 5000, 1);
  EXPECT_EQ(First(), 5000u);
}

TEST_P(PendingQueueTest, WhatIsSetAsideIsPassedOverUntilItIsNot) {
  Add(0, 1);
  Add(last_, 2);
  queue_.SetAside(1, true);
  EXPECT_EQ(First(), 2u);
  queue_.SetAside(2, true);
  EXPECT_EQ(First(), 0u);
  queue_.SetAside(1, false);
  EXPECT_EQ(First(), 1u);
}

// Tenants without a job here stand before the one that has one: looked at as far as there are parties, then
// all parties are.
TEST_P(PendingQueueTest, ManyTenantsWithoutAJobDoNotHideTheOneThatHasOne) {
  for (int i = 0; i < 1000; ++i) shares_.Find("idle" + std::to_string(i));
  for (FairShare::Tenant tenant = 0; tenant <= last_; ++tenant) {
    Add(tenant, 1 + tenant);
    shares_.Hold(tenant, 1 + last_ - tenant, 0, kNow);
  }
  EXPECT_EQ(First(), 1 + last_);
}

}  // namespace
}  // namespace bonsai
