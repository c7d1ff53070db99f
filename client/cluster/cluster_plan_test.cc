#include "client/cluster/cluster_plan.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const ClusterFolders kFolders{"/c", "/i/bin", "/i/share"};

TEST(ClusterPlanTest, GivesOneWorkerTheWholeMachineAndItsDevices) {
  const ClusterPlan plan = PlanCluster(1, {2, 8000, true, true}, kFolders);
  ASSERT_EQ(plan.workers.size(), 1u);
  const v1::WorkerConfig& worker = plan.workers[0];
  EXPECT_EQ(worker.cpus(), 2u);
  EXPECT_EQ(worker.memory_bytes(), 8000u);
  EXPECT_EQ(worker.coordinator_address_file(), plan.coordinator.state_dir() + "/address");
  EXPECT_EQ(worker.storage_dir(), plan.coordinator.storage_dir());
  EXPECT_EQ(worker.runner_dir(), "/i/bin");
  EXPECT_EQ(plan.coordinator.metrics_address(), "127.0.0.1:0");
  EXPECT_EQ(worker.metrics_address(), "127.0.0.1:0");
  ASSERT_EQ(worker.devices_size(), 3);
  EXPECT_EQ(worker.devices(0).target(), "host");
  EXPECT_FALSE(worker.devices(0).emulated());
  for (int i : {1, 2}) {
    EXPECT_TRUE(worker.devices(i).emulated());
    EXPECT_EQ(worker.devices(i).transport(), "qemu-user");
    EXPECT_EQ(worker.devices(i).description(), "emulated by qemu-user");
  }
  EXPECT_THAT(plan.notes, IsEmpty());
}

TEST(ClusterPlanTest, NeverOffersMoreCpusThanThereAre) {
  for (uint32_t cpus = 1; cpus < 9; ++cpus) {
    for (int workers = 1; workers <= static_cast<int>(cpus); ++workers) {
      uint32_t offered = 0;
      for (const v1::WorkerConfig& worker : PlanCluster(workers, {cpus, 0, false, false}, kFolders).workers) {
        offered += worker.cpus();
        EXPECT_GE(worker.cpus(), 1u);
      }
      EXPECT_EQ(offered, cpus);
    }
  }
}

TEST(ClusterPlanTest, OffersEveryDeviceOnce) {
  const ClusterPlan plan = PlanCluster(2, {2, 8000, true, true}, kFolders);
  EXPECT_EQ(plan.workers[0].devices_size(), 3);
  EXPECT_EQ(plan.workers[1].devices_size(), 0);
  EXPECT_EQ(plan.workers[1].work_dir(), "/c/work-2");
  EXPECT_EQ(plan.workers[1].memory_bytes(), 4000u);
}

TEST(ClusterPlanTest, SaysWhatIsMissingOrShared) {
  const ClusterPlan plan = PlanCluster(3, {2, 0, true, false}, kFolders);
  EXPECT_THAT(plan.notes,
              ElementsAre(HasSubstr("3 workers on 2 CPUs"), HasSubstr("duo-64m: qemu-riscv64-static")));
  EXPECT_EQ(plan.workers[2].cpus(), 1u);
}

}  // namespace
}  // namespace bonsai
