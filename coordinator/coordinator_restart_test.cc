// The real process, started and stopped. tests/kills kills it.
#include "absl/time/clock.h"
#include "coordinator/coordinator_fixture.h"
#include "coordinator/coordinator_process.h"
#include "gmock/gmock.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

class CoordinatorRestartTest : public CoordinatorFixture {
 protected:
  void SetUp() override {
    CoordinatorFixture::SetUp();
    ASSERT_TRUE(WriteFileAtomically(ConfigPath(), ConfigText()).ok());
  }

  std::string ConfigPath() const { return folder_ + "/coordinator.textproto"; }
  std::string LogPath() const { return folder_ + "/stderr"; }
  std::string Log() const { return ReadFileBytes(LogPath(), 1 << 20).value_or(""); }

  std::unique_ptr<CoordinatorProcess> StartProcess() {
    return std::make_unique<CoordinatorProcess>(std::vector<std::string>{"--config=" + ConfigPath()},
                                                LogPath());
  }

  // Connects to the process that serves now: it may have another port than the one before it.
  void ConnectToProcess() {
    const absl::Time deadline = absl::Now() + absl::Seconds(kCallSeconds);
    while (absl::Now() < deadline) {
      const std::string address = ReadFileBytes(folder_ + "/state/address", 100).value_or("");
      if (!address.empty()) {
        Connect(address.substr(0, address.size() - 1));
        CallContext context;
        context.set_wait_for_ready(false);
        v1::ListWorkersResponse workers;
        if (client_->ListWorkers(&context, {}, &workers).ok()) return;
      }
      absl::SleepFor(absl::Milliseconds(5));
    }
    FAIL() << "no coordinator serves: " << Log();
  }
};

TEST_F(CoordinatorRestartTest, EndsCleanlyOnSigterm) {
  auto process = StartProcess();
  ConnectToProcess();
  v1::SubmitPipelineResponse response;
  ASSERT_TRUE(Submit("r1", OneJob(), &response).ok());
  CallContext context;
  v1::WatchPipelineRequest watch;
  watch.set_pipeline_id("p1");
  auto reader = client_->WatchPipeline(&context, watch);
  v1::WatchPipelineResponse seen;
  ASSERT_TRUE(reader->Read(&seen));
  const absl::Time start = absl::Now();
  EXPECT_EQ(process->Kill(SIGTERM), 0) << Log();
  EXPECT_LT(absl::Now() - start, absl::Seconds(2));
  EXPECT_FALSE(reader->Read(&seen));
  EXPECT_FALSE(reader->Finish().ok());
  EXPECT_THAT(Log(), HasSubstr("stopping on SIGTERM"));
}

TEST_F(CoordinatorRestartTest, SaysWhatIsWrongWithItsConfiguration) {
  ASSERT_TRUE(WriteFileAtomically(ConfigPath(), "state_dir: 's'\nlease: 3\n").ok());
  EXPECT_EQ(StartProcess()->Wait(), 78);
  EXPECT_THAT(Log(), HasSubstr("coordinator.textproto:2:"));
  EXPECT_EQ(CoordinatorProcess({}, LogPath()).Wait(), 64);
  EXPECT_THAT(Log(), HasSubstr("--config"));
  EXPECT_EQ(CoordinatorProcess({"--help"}, LogPath()).Wait(), 0);
  EXPECT_EQ(CoordinatorProcess({"--version"}, LogPath()).Wait(), 0);
}

TEST_F(CoordinatorRestartTest, SaysThatItsFolderIsInUse) {
  auto process = StartProcess();
  ConnectToProcess();
  const std::string second_log = folder_ + "/second";
  EXPECT_EQ(CoordinatorProcess({"--config=" + ConfigPath()}, second_log).Wait(), 69);
  EXPECT_THAT(*ReadFileBytes(second_log, 1 << 20), HasSubstr("state_dir: "));
}

}  // namespace
}  // namespace bonsai
