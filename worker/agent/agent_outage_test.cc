// A worker that is killed, that leaves, and whose coordinator is away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "storage/file_bytes.h"
#include "worker/agent/agent_test_fixture.h"

namespace bonsai {
namespace {

using testing::IsEmpty;

TEST_F(AgentTest, RunnersDieWithTheirAgentAndTheNextOneCleansUp) {
  coordinator_->Desire({TaskOf("p1/data", {"pid", "fork", "hang"})});
  StartWorker();
  WaitForRank("p1/data", [](const auto& rank) { return rank.progress().step() == 1; });
  std::string log = coordinator_->WaitForLog("p1/data", "grandchild");
  std::string session = coordinator_->WaitFor([](const auto&) { return true; }).session();
  coordinator_->Desire({});
  KillWorker();
  EXPECT_TRUE(Ends(NumberAfter(log, "pid")));
  pid_t grandchild = NumberAfter(log, "grandchild");
  EXPECT_TRUE(Lives(grandchild)) << "else there is nothing for the next agent to do";
  EXPECT_EQ(RankFolders().size(), 1u);
  StartWorker();
  auto request = coordinator_->WaitFor([&](const auto& request) { return request.session() != session; });
  EXPECT_THAT(request.ranks(), IsEmpty());
  EXPECT_TRUE(Ends(grandchild));
  EXPECT_THAT(RankFolders(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(dir_ + "/storage/rendezvous/p1.data-1"));
}

TEST_F(AgentTest, RanksGoOnWhileTheCoordinatorIsAwayAndLogsGoOnWhereTheyStopped) {
  coordinator_->Desire({TaskOf("p1/data", {"print:before", "wait"})});
  StartWorker();
  WaitForRank("p1/data", [](const auto& rank) { return rank.progress().step() == 1; });
  coordinator_->WaitForLog("p1/data", "before\n");
  coordinator_->Stop();
  // The log grows while nobody takes it.
  std::ofstream(dir_ + "/work/ranks/p1.data-1-0/log", std::ios::app) << "meanwhile\n";
  coordinator_->Start();
  coordinator_->WaitForLog("p1/data", "meanwhile\n");
  EXPECT_EQ(coordinator_->Log("p1/data"), "before\nmeanwhile\n");
  coordinator_->Desire({});
  EXPECT_EQ(WaitForExit("p1/data").exit(), v1::RankReport::PREEMPTED);
}

TEST_F(AgentTest, AnEndDuringAnOutageIsReportedAfterItWithTheWholeLog) {
  coordinator_->Desire({TaskOf("p1/data", {"print:before", "wait"})});
  StartWorker();
  WaitForRank("p1/data", [](const auto& rank) { return rank.progress().step() == 1; });
  pid_t pid = 0;
  std::string pid_text = *ReadFileBytes(dir_ + "/work/ranks/p1.data-1-0/pid", 100);
  ASSERT_TRUE(absl::SimpleAtoi(std::vector<std::string>(absl::StrSplit(pid_text, ' '))[0], &pid));
  coordinator_->Stop();
  kill(pid, SIGTERM);
  EXPECT_TRUE(Ends(pid));
  std::ofstream(dir_ + "/work/ranks/p1.data-1-0/log", std::ios::app) << std::string(3 << 20, 'y');
  coordinator_->Start();
  v1::RankReport report = WaitForExit("p1/data");
  EXPECT_EQ(report.exit(), v1::RankReport::PREEMPTED);
  EXPECT_EQ(report.checkpoint().step(), 9u);
  EXPECT_EQ(coordinator_->Log("p1/data"), "before\n" + std::string(3 << 20, 'y'));
}

TEST_F(AgentTest, SigtermMakesItLeaveWithCheckpoints) {
  coordinator_->Desire({TaskOf("p1/data", {"wait"})});
  StartWorker();
  WaitForRank("p1/data", [](const auto& rank) { return rank.progress().step() == 1; });
  kill(worker_, SIGTERM);
  v1::RankReport report = WaitForExit("p1/data");
  EXPECT_EQ(report.exit(), v1::RankReport::PREEMPTED);
  EXPECT_EQ(report.checkpoint().step(), 9u);
  EXPECT_EQ(WorkerExit(), 0);
  EXPECT_TRUE(coordinator_->WaitFor([](const auto&) { return true; }).leaving());
  EXPECT_THAT(RankFolders(), IsEmpty());
}

TEST_F(AgentTest, LeavesAlsoWhenTheCoordinatorIsAway) {
  coordinator_->Desire({TaskOf("p1/data", {"wait"})});
  StartWorker();
  WaitForRank("p1/data", [](const auto& rank) { return rank.progress().step() == 1; });
  coordinator_->Stop();
  kill(worker_, SIGTERM);
  EXPECT_EQ(WorkerExit(), 0);
}

TEST_F(AgentTest, ASecondWorkerCannotTakeTheSameFolder) {
  StartWorker();
  coordinator_->WaitFor([](const auto&) { return true; });
  pid_t first = std::exchange(worker_, 0);
  StartWorker();
  EXPECT_EQ(WorkerExit(), 1);
  worker_ = first;
}

}  // namespace
}  // namespace bonsai
