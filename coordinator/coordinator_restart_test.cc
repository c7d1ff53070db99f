// The real process, killed without warning: acknowledged means durable, and ids are never given twice.
#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "absl/time/clock.h"
#include "coordinator/coordinator_fixture.h"
#include "coordinator/coordinator_process.h"
#include "gmock/gmock.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

constexpr int kKills = 20;
constexpr int kClients = 4;

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

  // All jobs on record, in pages.
  std::vector<v1::JobStatus> AllJobs() {
    std::vector<v1::JobStatus> jobs;
    v1::ListJobsRequest request;
    do {
      CallContext context;
      v1::ListJobsResponse response;
      const grpc::Status listed = client_->ListJobs(&context, request, &response);
      EXPECT_TRUE(listed.ok()) << listed.error_message();
      jobs.insert(jobs.end(), response.jobs().begin(), response.jobs().end());
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return jobs;
  }
};

// Submits until told to stop; a call that fails is tried again with the same request id, as a client does.
class SubmittingClient {
 public:
  SubmittingClient(std::string address_path, v1::Pipeline pipeline, int number)
      : address_path_(std::move(address_path)),
        pipeline_(std::move(pipeline)),
        number_(number),
        thread_([this] { Run(); }) {}

  std::map<std::string, std::string> Finish() {  // request id -> pipeline id
    stop_ = true;
    thread_.join();
    return acknowledged_;
  }

 private:
  void Run() {
    v1::SubmitPipelineRequest request;
    *request.mutable_pipeline() = pipeline_;
    std::unique_ptr<v1::Coordinator::Stub> stub = Dial();
    for (int i = 0; !stop_;) {
      request.set_request_id(absl::StrCat("client-", number_, "-", i));
      CallContext context;
      context.set_wait_for_ready(false);
      v1::SubmitPipelineResponse response;
      if (stub->SubmitPipeline(&context, request, &response).ok()) {
        acknowledged_[request.request_id()] = response.pipeline_id();
        ++i;
      } else {
        absl::SleepFor(absl::Milliseconds(5));
        stub = Dial();
      }
    }
  }

  std::unique_ptr<v1::Coordinator::Stub> Dial() const {
    std::string address = ReadFileBytes(address_path_, 100).value_or("127.0.0.1:1\n");
    address.pop_back();
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return v1::Coordinator::NewStub(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  }

  const std::string address_path_;
  const v1::Pipeline pipeline_;
  const int number_;
  std::atomic<bool> stop_{false};
  std::map<std::string, std::string> acknowledged_;
  std::thread thread_;
};

TEST_F(CoordinatorRestartTest, KeepsEveryAcknowledgedSubmissionOverTwentyKills) {
  auto process = StartProcess();
  ConnectToProcess();
  std::vector<std::unique_ptr<SubmittingClient>> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<SubmittingClient>(folder_ + "/state/address", OneJob(), i));
  }
  std::mt19937 random(1);
  for (int kill = 0; kill < kKills; ++kill) {
    ASSERT_NO_FATAL_FAILURE(ConnectToProcess());
    absl::SleepFor(
        absl::Milliseconds(std::uniform_int_distribution<int>(0, 40)(random)));  // spreads the kills
    EXPECT_EQ(process->Kill(SIGKILL), -SIGKILL) << Log();
    process = StartProcess();
  }
  std::map<std::string, std::string> acknowledged;
  ASSERT_NO_FATAL_FAILURE(ConnectToProcess());
  for (auto& client : clients) acknowledged.merge(client->Finish());

  std::set<std::string> pipelines;
  for (const v1::JobStatus& status : AllJobs()) {
    EXPECT_TRUE(pipelines.insert(status.job().pipeline_id()).second)
        << status.job().id() << " is there twice";
  }
  std::set<std::string> given;
  for (const auto& [request_id, pipeline_id] : acknowledged) {
    EXPECT_EQ(pipelines.count(pipeline_id), 1u) << request_id << " was acknowledged and is lost";
    EXPECT_TRUE(given.insert(pipeline_id).second) << pipeline_id << " was given twice";
    v1::SubmitPipelineResponse again;
    ASSERT_TRUE(Submit(request_id, OneJob(), &again).ok());
    EXPECT_EQ(again.pipeline_id(), pipeline_id);
  }
  // Each request made one pipeline, retried or not; the last of each client may have been given up
  // unanswered.
  EXPECT_GE(pipelines.size(), acknowledged.size());
  EXPECT_LE(pipelines.size(), acknowledged.size() + kClients);
  EXPECT_GE(acknowledged.size(), size_t{kKills});
  RecordProperty("acknowledged", static_cast<int>(acknowledged.size()));
}

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
