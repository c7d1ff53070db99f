#include "coordinator/coordinator_config.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

constexpr char kSmallest[] = "state_dir: 's'\nstorage_dir: 'b'\nshare_dir: 'h'\n";

std::string ErrorOf(const std::string& text) {
  absl::StatusOr<v1::CoordinatorConfig> config = ParseCoordinatorConfig("c.textproto", text);
  return config.ok() ? "" : std::string(config.status().message());
}

TEST(CoordinatorConfigTest, FillsInDefaults) {
  absl::StatusOr<v1::CoordinatorConfig> config = ParseCoordinatorConfig("c.textproto", kSmallest);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen_address(), "127.0.0.1:0");
  EXPECT_EQ(config->metrics_address(), "127.0.0.1:0");
  EXPECT_EQ(config->lease_ms(), 8000);
}

TEST(CoordinatorConfigTest, NamesFileLineAndFieldOfAnError) {
  EXPECT_THAT(ErrorOf("state_dir: 's'\nsate_dir: 't'\n"), HasSubstr("c.textproto:2:"));
  EXPECT_THAT(ErrorOf("state_dir: 's'\nsate_dir: 't'\n"), HasSubstr("sate_dir"));
  EXPECT_THAT(ErrorOf("state_dir: 7"), HasSubstr("c.textproto:1:12"));
  EXPECT_THAT(ErrorOf("storage_dir: 'b' share_dir: 'h'"), HasSubstr("c.textproto: state_dir: is missing"));
  EXPECT_THAT(ErrorOf("state_dir: 's' share_dir: 'h'"), HasSubstr("storage_dir: is missing"));
  EXPECT_THAT(ErrorOf("state_dir: 's' storage_dir: 'b'"), HasSubstr("share_dir: is missing"));
  EXPECT_THAT(ErrorOf(std::string(kSmallest) + "lease_ms: 5\n"),
              HasSubstr("c.textproto:4:1: lease_ms: 5 is not"));
  EXPECT_THAT(ErrorOf(std::string(kSmallest) + "storage { garbage_age_ms: 1000 }"),
              HasSubstr("c.textproto:4:1: storage: garbage_age_ms: 1000 is below 300000"));
  EXPECT_THAT(ErrorOf(std::string(kSmallest) + "storage { collect_interval_ms: 1 }"),
              HasSubstr("is below 1000"));
  EXPECT_THAT(ErrorOf(std::string(kSmallest) + "storage { checkpoints_latest: 101 }"),
              HasSubstr("at most 100"));
  EXPECT_THAT(ErrorOf(std::string(kSmallest) + "storage { checkpoints_best: 1 }"),
              HasSubstr("needs a checkpoint_metric"));
  EXPECT_THAT(ErrorOf(std::string(kSmallest) + "\nlisten_address: 'nowhere'"),
              HasSubstr("c.textproto:5:1: listen_address: \"nowhere\" is not host:port"));
  EXPECT_THAT(ErrorOf(std::string(kSmallest) + "queues { name: 'q' } queues { name: 'q' }"),
              HasSubstr("name: \"q\" is there twice"));
  EXPECT_THAT(ErrorOf(std::string(kSmallest) + "queues { name: 'q' priority: 1001 }"),
              HasSubstr("priority: 1001 of \"q\" is not within -1000 and 1000"));
  EXPECT_THAT(ErrorOf(std::string(kSmallest) + "tenants { name: 't' weight: -1 }"),
              HasSubstr("weight: -1 of \"t\" is not within 0"));
}

TEST(CoordinatorConfigTest, NamesAFileThatIsNotThere) {
  const absl::Status status = ReadCoordinatorConfig("no/such/file").status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("no/such/file"));
}

}  // namespace
}  // namespace bonsai
