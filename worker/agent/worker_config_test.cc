#include "worker/agent/worker_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class WorkerConfigTest : public testing::Test {
 protected:
  WorkerConfigTest() {
    dir_ = testing::TempDir() + "/config-XXXXXX";
    if (mkdtemp(dir_.data()) == nullptr) std::abort();
  }
  absl::StatusOr<v1::WorkerConfig> Read(const std::string& text) {
    std::ofstream(dir_ + "/config") << text;
    return ReadWorkerConfig(dir_ + "/config");
  }
  std::string ErrorOf(const std::string& text) {
    absl::Status status = Read(text).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    return std::string(status.message());
  }
  std::string Good() {
    return "worker_id: \"w1\" coordinator_address: \"127.0.0.1:1\" work_dir: \"" + dir_ +
           "/work\" storage_dir: \"storage/../s\" runner_dir: \"" + dir_ + "\"\n";
  }

  std::string dir_;
};

TEST_F(WorkerConfigTest, FoldersBecomeAbsoluteAndDefaultsAreFilled) {
  auto config = Read(Good());
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->metrics_address(), "127.0.0.1:0");
  EXPECT_EQ(config->storage_dir().front(), '/');
  EXPECT_THAT(config->storage_dir(), testing::Not(HasSubstr("..")));
}

TEST_F(WorkerConfigTest, NamesThePlaceOfAnUnknownField) {
  EXPECT_THAT(ErrorOf(Good() + "cpu: 3"), HasSubstr("/config:2:"));
}

TEST_F(WorkerConfigTest, NamesTheFieldThatIsMissingOrWrong) {
  EXPECT_THAT(ErrorOf("worker_id: \"a/b\""), HasSubstr("worker_id is \"a/b\""));
  EXPECT_THAT(ErrorOf("worker_id: \"w\""), HasSubstr("coordinator_address"));
  EXPECT_THAT(ErrorOf("worker_id: \"w\" coordinator_address: \"x\""), HasSubstr("work_dir"));
  EXPECT_THAT(ErrorOf(Good() + "devices { id: \"d\" target: \"host\" transport: \"adb\" }"),
              HasSubstr("devices[0].transport is \"adb\""));
  std::string device = "devices { id: \"d\" target: \"host\" transport: \"local\" } ";
  EXPECT_TRUE(Read(Good() + device).ok());
  EXPECT_THAT(ErrorOf(Good() + device + device), HasSubstr("devices[1].id"));
}

TEST_F(WorkerConfigTest, OffersTheRunnersThatAreInstalled) {
  auto config = Read(Good() + "memory_bytes: 1000");
  EXPECT_THAT(std::string(MakeOffer(*config).status().message()), HasSubstr("runner_dir"));
  for (const char* name : {"bonsai-run-sft", "bonsai-run-data", "bonsai-run-notes", "bonsai-worker"}) {
    std::ofstream(dir_ + "/" + name) << "";
    chmod((dir_ + "/" + name).c_str(), name == std::string("bonsai-run-notes") ? 0644 : 0755);
  }
  auto offer = MakeOffer(*config);
  ASSERT_TRUE(offer.ok()) << offer.status();
  EXPECT_THAT(offer->kinds(), ElementsAre("data", "sft"));
  EXPECT_GE(offer->cpus(), 1u);
  EXPECT_EQ(offer->memory_bytes(), 1000u);
}

}  // namespace
}  // namespace bonsai
