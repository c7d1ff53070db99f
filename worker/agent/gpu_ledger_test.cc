#include "worker/agent/gpu_ledger.h"

#include <cstdlib>
#include <fstream>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FakeDriver : public GpuDriver {
 public:
  explicit FakeDriver(std::vector<v1::Gpu>* gpus) : gpus_(gpus) {}
  std::vector<v1::Gpu> Read() override { return *gpus_; }

 private:
  std::vector<v1::Gpu>* const gpus_;
};

v1::Gpu GpuOf(const std::string& id) {
  v1::Gpu gpu;
  gpu.set_id(id);
  return gpu;
}

class GpuLedgerTest : public testing::Test {
 protected:
  GpuLedgerTest() : gpus_{GpuOf("a"), GpuOf("b"), GpuOf("c")} {}
  std::unique_ptr<GpuLedger> Ledger(uint32_t configured) {
    return std::make_unique<GpuLedger>(std::make_unique<FakeDriver>(&gpus_), configured);
  }
  static v1::WorkerOffer OfferOf(const GpuLedger& ledger) {
    v1::WorkerOffer offer;
    ledger.Offer(offer);
    return offer;
  }

  std::vector<v1::Gpu> gpus_;
  const RankKey one_{"p1/a", 1, 0}, two_{"p1/b", 1, 0};
};

TEST_F(GpuLedgerTest, AGpuIsOneRanksAloneUntilItIsGivenBack) {
  auto ledger = Ledger(0);
  EXPECT_THAT(*ledger->Take(one_, 2), ElementsAre("a", "b"));
  const auto refused = ledger->Take(two_, 2);
  EXPECT_TRUE(absl::IsUnavailable(refused.status()));
  EXPECT_THAT(refused.status().message(), HasSubstr("needs 2 GPUs; 1 are"));
  EXPECT_THAT(*ledger->Take(two_, 1), ElementsAre("c"));
  ledger->Give(one_);
  EXPECT_THAT(*ledger->Take(one_, 1), ElementsAre("a"));
}

TEST_F(GpuLedgerTest, AnUnhealthyOneIsShownAndNeitherOfferedNorGiven) {
  auto ledger = Ledger(0);
  gpus_[0].set_unhealthy("3 uncorrected memory errors");
  ledger->Refresh(absl::Now());  // too soon
  EXPECT_EQ(OfferOf(*ledger).gpus(), 3u);
  ledger->Refresh(absl::Now() + kGpuReadInterval);
  EXPECT_EQ(OfferOf(*ledger).gpus(), 2u);
  EXPECT_EQ(OfferOf(*ledger).gpu_devices(0).unhealthy(), "3 uncorrected memory errors");
  EXPECT_THAT(*ledger->Take(one_, 2), ElementsAre("b", "c"));
}

TEST_F(GpuLedgerTest, TheConfigurationBoundsHowManyAreUsed) {
  auto ledger = Ledger(2);
  EXPECT_EQ(OfferOf(*ledger).gpus(), 2u);
  EXPECT_EQ(OfferOf(*ledger).gpu_devices_size(), 2);
  EXPECT_FALSE(ledger->Take(one_, 3).ok());
}

TEST_F(GpuLedgerTest, ARunnerSeesItsOwnAndNoOthers) {
  auto ledger = Ledger(0);
  EXPECT_THAT(ledger->Environment({"a", "b"}), ElementsAre("CUDA_VISIBLE_DEVICES=a,b"));
  EXPECT_THAT(ledger->Environment({}), ElementsAre("CUDA_VISIBLE_DEVICES="));
}

TEST_F(GpuLedgerTest, WithoutADriverTheConfigurationIsBelieved) {
  GpuLedger ledger(nullptr, 4);
  EXPECT_EQ(OfferOf(ledger).gpus(), 4u);
  EXPECT_THAT(*ledger.Take(one_, 4), IsEmpty());
  EXPECT_THAT(ledger.Environment({}), IsEmpty());
}

TEST(NvmlTest, AnAbsentLibraryOrDriverIsNoGpus) {
  EXPECT_EQ(LoadNvml("libno-such-library.so.1"), nullptr);
  unsetenv("FAKE_NVML");
  EXPECT_EQ(LoadNvml("worker/agent/libfake_nvml.so"), nullptr);
}

TEST(NvmlTest, ReadsWhatTheLibrarySaysAndWhatWentWrong) {
  const std::string state = testing::TempDir() + "/nvml";
  const auto write = [&](const std::string& text) { std::ofstream(state) << text; };
  setenv("FAKE_NVML", state.c_str(), 1);
  write("GPU-1 80000000000 0 0\nGPU-2 80000000000 2 0\nGPU-3 80000000000 0 79\nGPU-4 80000000000 0 31\n");
  auto driver = LoadNvml("worker/agent/libfake_nvml.so");
  ASSERT_NE(driver, nullptr);
  std::vector<v1::Gpu> gpus = driver->Read();
  ASSERT_EQ(gpus.size(), 4u);
  EXPECT_EQ(gpus[0].id(), "GPU-1");
  EXPECT_EQ(gpus[0].name(), "Fake GPU");
  EXPECT_EQ(gpus[0].memory_bytes(), 80000000000u);
  EXPECT_EQ(gpus[0].unhealthy(), "");
  EXPECT_THAT(gpus[1].unhealthy(), HasSubstr("2 uncorrected memory errors"));
  EXPECT_THAT(gpus[2].unhealthy(), HasSubstr("Xid 79"));
  // An Xid that a program may cause is counted, no more.
  EXPECT_EQ(gpus[3].unhealthy(), "");
  EXPECT_EQ(gpus[3].errors(), 1u);
  write("lost 80000000000 0 0\n");
  gpus = driver->Read();
  ASSERT_EQ(gpus.size(), 1u);
  EXPECT_EQ(gpus[0].id(), "GPU-1");
  EXPECT_THAT(gpus[0].unhealthy(), HasSubstr("lost"));
}

}  // namespace
}  // namespace bonsai
