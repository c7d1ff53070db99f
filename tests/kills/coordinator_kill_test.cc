// A real coordinator, killed without warning under load from eight clients: at random moments, and at every
// point of a commit. Acknowledged means durable; nothing is there twice; no id is given twice. 50 kills, or
// 1,000 with BONSAI_DEEP.
#include <array>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "absl/time/clock.h"
#include "coordinator/coordinator_fixture.h"
#include "coordinator/coordinator_process.h"
#include "storage/file_bytes.h"
#include "tests/kills/submitting_client.h"

namespace bonsai {
namespace {

constexpr int kClients = 8;
constexpr absl::Duration kClientPause = absl::Milliseconds(10);
constexpr std::array<const char*, 4> kCrashPoints = {"before_write", "torn_write", "after_write",
                                                     "after_sync"};

int Kills() {
  const char* deep = std::getenv("BONSAI_DEEP");
  return deep != nullptr && *deep != '\0' ? 1000 : 50;
}

class CoordinatorKillTest : public CoordinatorFixture {
 protected:
  void SetUp() override {
    CoordinatorFixture::SetUp();
    ASSERT_TRUE(WriteFileAtomically(ConfigPath(), ConfigText()).ok());
  }

  std::string ConfigPath() const { return folder_ + "/coordinator.textproto"; }
  std::string AddressPath() const { return folder_ + "/state/address"; }
  std::string Log() const { return ReadFileBytes(folder_ + "/stderr", 1 << 20).value_or(""); }

  std::unique_ptr<CoordinatorProcess> StartProcess(const std::vector<std::string>& environment = {}) {
    return std::make_unique<CoordinatorProcess>(std::vector<std::string>{"--config=" + ConfigPath()},
                                                folder_ + "/stderr", environment);
  }

  // Dies at the n-th commit from now on.
  std::unique_ptr<CoordinatorProcess> StartDoomed(const char* point, int commit) {
    const char* sources = std::getenv("TEST_SRCDIR");
    return StartProcess({absl::StrCat("LD_PRELOAD=", sources == nullptr ? "." : sources,
                                      "/bonsai/tests/kills/libcrash_point.so"),
                         absl::StrCat("BONSAI_CRASH_POINT=", point),
                         absl::StrCat("BONSAI_CRASH_COMMIT=", commit)});
  }

  // Until somebody answers; false if the process has ended instead.
  bool WaitUntilItServes(const CoordinatorProcess& process) {
    const absl::Time deadline = absl::Now() + absl::Seconds(kCallSeconds);
    while (absl::Now() < deadline && !process.Ended()) {
      const std::string address = ReadFileBytes(AddressPath(), 100).value_or("");
      if (!address.empty()) {
        Connect(address.substr(0, address.size() - 1));
        CallContext context;
        context.set_wait_for_ready(false);
        v1::ListWorkersResponse workers;
        if (client_->ListWorkers(&context, {}, &workers).ok()) return true;
      }
      absl::SleepFor(absl::Milliseconds(2));
    }
    EXPECT_TRUE(process.Ended()) << "no coordinator serves: " << Log();
    return false;
  }

  // All jobs on record, in pages; each once.
  std::map<std::string, v1::JobRecord> AllJobs() {
    std::map<std::string, v1::JobRecord> jobs;
    v1::ListJobsRequest request;
    do {
      CallContext context;
      v1::ListJobsResponse response;
      const grpc::Status listed = client_->ListJobs(&context, request, &response);
      EXPECT_TRUE(listed.ok()) << listed.error_message();
      for (const v1::JobStatus& status : response.jobs()) {
        EXPECT_TRUE(jobs.emplace(status.job().id(), status.job()).second)
            << status.job().id() << " is there twice";
      }
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return jobs;
  }

  void CheckAnswers(const std::vector<std::unique_ptr<SubmittingClient>>& clients);
};

void CoordinatorKillTest::CheckAnswers(const std::vector<std::unique_ptr<SubmittingClient>>& clients) {
  const std::map<std::string, v1::JobRecord> jobs = AllJobs();
  std::set<uint64_t> sequences;
  for (const auto& [id, job] : jobs) {
    EXPECT_TRUE(sequences.insert(job.sequence()).second) << id << " shares its sequence";
  }
  std::set<std::string> given;
  size_t lost = 0;
  for (const auto& client : clients) {
    EXPECT_EQ(client->contradictions(), "");
    for (const auto& [request_id, pipeline_id] : client->acknowledged()) {
      lost += jobs.count(pipeline_id + "/corpus") == 0;
      EXPECT_TRUE(given.insert(pipeline_id).second) << pipeline_id << " was given twice";
    }
    for (const std::string& id : client->cancelled()) {
      const auto job = jobs.find(id);
      EXPECT_TRUE(job != jobs.end() && job->second.state() == v1::CANCELLED) << id << " was cancelled";
    }
  }
  EXPECT_EQ(lost, 0u) << "acknowledged submissions are lost";
  // Each request made one pipeline, repeated or not; the last of each client may have been given up
  // unanswered.
  EXPECT_GE(jobs.size(), given.size());
  EXPECT_LE(jobs.size(), given.size() + kClients);
  EXPECT_GE(given.size(), static_cast<size_t>(Kills()));
  std::printf("%d kills, %zu acknowledged submissions, %zu lost\n", Kills(), given.size(), lost);
}

TEST_F(CoordinatorKillTest, LosesNoAcknowledgedSubmissionAndGivesNoIdTwice) {
  std::unique_ptr<CoordinatorProcess> process;
  std::vector<std::unique_ptr<SubmittingClient>> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<SubmittingClient>(AddressPath(), OneJob(), i, kClientPause));
  }
  std::mt19937 random(1);
  const auto draw = [&random](int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random);
  };
  absl::Duration longest;
  for (int kill = 0; kill < Kills(); ++kill) {
    const bool doomed = kill % 2 == 1;
    const absl::Time start = absl::Now();
    process =
        doomed ? StartDoomed(kCrashPoints[kill / 2 % kCrashPoints.size()], draw(1, 12)) : StartProcess();
    // Now and then one is killed before it serves.
    if (draw(0, 7) > 0 && WaitUntilItServes(*process)) longest = std::max(longest, absl::Now() - start);
    if (!doomed) {
      absl::SleepFor(absl::Milliseconds(draw(0, 30)));  // spreads the kills
      EXPECT_EQ(process->Kill(SIGKILL), -SIGKILL) << Log();
    } else {
      EXPECT_EQ(process->Wait(), -SIGKILL) << Log();
    }
    ASSERT_FALSE(HasFailure());
  }
  process = StartProcess();
  ASSERT_TRUE(WaitUntilItServes(*process));
  for (auto& client : clients) client->Stop();
  CheckAnswers(clients);
  std::printf("the slowest start took %s\n", absl::FormatDuration(longest).c_str());
}

}  // namespace
}  // namespace bonsai
