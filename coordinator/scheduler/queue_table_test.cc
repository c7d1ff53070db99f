#include "coordinator/scheduler/queue_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bonsai {
namespace {

using testing::HasSubstr;

v1::QueueConfig Queue(const std::string& name, uint32_t cpus_max = 0, const std::string& only_tenant = "") {
  v1::QueueConfig config;
  config.set_name(name);
  config.set_cpus_max(cpus_max);
  config.set_only_tenant(only_tenant);
  return config;
}

TEST(QueueTableTest, AnUnknownQueueIsOneErrorThatNamesThoseThereAre) {
  QueueTable table({Queue("night"), Queue("theirs", 0, "them")});
  table.Find("gone");
  EXPECT_TRUE(table.CheckQueue("", "us").ok());
  EXPECT_TRUE(table.CheckQueue("night", "us").ok());
  EXPECT_EQ(table.CheckQueue("nihgt", "us").message(),
            "pipeline: queue is \"nihgt\": must be one of: default, night");
  EXPECT_THAT(std::string(table.CheckQueue("gone", "them").message()), HasSubstr("default, night, theirs"));
  EXPECT_EQ(table.CheckQueue("theirs", "us").code(), absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(table.CheckQueue("theirs", "them").ok());
}

TEST(QueueTableTest, TheTightestBoundSaysHowManyRanksMayStart) {
  v1::TenantConfig tenant;
  tenant.set_name("t");
  tenant.set_cpus_max(10);
  tenant.set_gpus_max(3);
  FairShare shares({tenant}, absl::Hours(1));
  QueueTable queues({Queue("q", 12)});
  const auto q = queues.Find("q");
  EXPECT_EQ(RanksAllowed(2, 0, 99, shares, 0, queues, q), 5u);
  EXPECT_EQ(RanksAllowed(2, 1, 99, shares, 0, queues, q), 3u);
  queues.Hold(q, 11);
  EXPECT_EQ(RanksAllowed(2, 0, 99, shares, 0, queues, q), 0u);
  EXPECT_EQ(DescribeBound(2, 0, shares, 0, queues, q),
            "waits for its quota: queue q holds 11 of at most 12 cpus");
  shares.Hold(0, 9, 0, absl::FromUnixSeconds(1));
  EXPECT_EQ(DescribeBound(2, 0, shares, 0, queues, q),
            "waits for its quota: tenant t holds 9 of at most 10 cpus");
  EXPECT_EQ(DescribeBound(1, 3, shares, 0, queues, queues.Find("")), "");
}

TEST(QueueTableTest, ATenantWhoseArtifactsFillItsStorageStartsNothingMore) {
  v1::TenantConfig tenant;
  tenant.set_name("t");
  tenant.set_storage_bytes_max(100);
  FairShare shares({tenant}, absl::Hours(1));
  QueueTable queues({});
  const auto q = queues.Find("");
  shares.AddStorage(0, 99);
  EXPECT_EQ(RanksAllowed(1, 0, 4, shares, 0, queues, q), 4u);
  EXPECT_EQ(DescribeBound(1, 0, shares, 0, queues, q), "");
  shares.AddStorage(0, 2);
  EXPECT_EQ(RanksAllowed(1, 0, 4, shares, 0, queues, q), 0u);
  EXPECT_EQ(DescribeBound(1, 0, shares, 0, queues, q),
            "waits for its quota: tenant t holds 101 of at most 100 bytes of artifacts");
  const auto other = shares.Find("other");
  shares.AddStorage(other, 1000);
  EXPECT_EQ(RanksAllowed(1, 0, 4, shares, other, queues, q), 4u) << "without a quota";
}

TEST(QueueTableTest, AJobThatCouldNeverStartIsRefused) {
  v1::TenantConfig tenant;
  tenant.set_name("t");
  tenant.set_cpus_max(4);
  v1::JobSpec spec;
  spec.set_name("big");
  spec.mutable_resources()->set_ranks(5);
  EXPECT_EQ(CheckQuota(spec, tenant).message(),
            "job \"big\": resources need 5 cpus at least; the quota of tenant t is 4");
  EXPECT_FALSE(QueueTable({Queue("q", 4)}).CheckJob(spec, "q").ok());
  spec.mutable_resources()->set_min_ranks(4);
  EXPECT_TRUE(CheckQuota(spec, tenant).ok());
  EXPECT_TRUE(QueueTable({Queue("q", 4)}).CheckJob(spec, "q").ok());
}

}  // namespace
}  // namespace bonsai
