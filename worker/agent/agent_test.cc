// What a worker does with ranks while all is well with itself and its coordinator.
#include "worker/agent/agent.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "storage/file_bytes.h"
#include "worker/agent/agent_test_fixture.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

TEST_F(AgentTest, OffersWhatItHas) {
  StartWorker();
  v1::SynchronizeRequest request = coordinator_->WaitFor([](const auto&) { return true; });
  EXPECT_EQ(request.worker_id(), "w1");
  EXPECT_EQ(request.session().size(), 16u);
  EXPECT_GE(request.sequence(), 1u);
  auto next = coordinator_->WaitFor([&](const auto& later) { return later.sequence() > request.sequence(); });
  EXPECT_EQ(next.session(), request.session());
  EXPECT_EQ(request.offer().cpus(), 4u);
  EXPECT_GT(request.offer().memory_bytes(), 0u);
  ASSERT_EQ(request.offer().kinds_size(), 1);
  EXPECT_EQ(request.offer().kinds(0), "data");
}

TEST_F(AgentTest, RunsARankToItsEndAndForgetsIt) {
  coordinator_->Desire({TaskOf(
      "p1/data", {"print:hello", "progress:3", "sample:4", "checkpoint:5", "artifact", "print:bye"})});
  StartWorker();
  v1::RankReport report = WaitForExit("p1/data");
  EXPECT_EQ(report.exit(), v1::RankReport::DONE) << report.message();
  EXPECT_EQ(report.output_id(), std::string(64, 'a'));
  EXPECT_EQ(report.progress().step(), 3u);
  EXPECT_EQ(report.sample().step(), 4u);
  EXPECT_EQ(report.checkpoint().step(), 5u);
  // All that it wrote came before the report of its end.
  EXPECT_EQ(coordinator_->Log("p1/data"), "hello\nbye\n");
  EXPECT_EQ(coordinator_->Log("p1/data", v1::AppendLogRequest::SAMPLES),
            "{\"step\":\"4\",\"metrics\":[{\"name\":\"loss\",\"value\":2.5}]}\n");
  EXPECT_EQ(RankFolders().size(), 1u);
  coordinator_->Desire({});
  WaitForNoRanks();
  // The folder goes before the worker has served the next rank.
  coordinator_->Desire({TaskOf("p1/next", {"exit:0"})});
  WaitForExit("p1/next");
  EXPECT_THAT(RankFolders(), testing::ElementsAre("p1.next-1-0"));
}

TEST_F(AgentTest, FillsInWhatTheRunnerNeedsToKnow) {
  coordinator_->Desire({TaskOf("p1/data", {"task", "env:OMP_NUM_THREADS", "env:OPENBLAS_NUM_THREADS",
                                           "env:OMP_WAIT_POLICY", "env:GOMP_SPINCOUNT", "exit:1"})});
  StartWorker();
  WaitForExit("p1/data");
  std::string log = coordinator_->Log("p1/data");
  EXPECT_THAT(log, HasSubstr("storage_dir: \"" + dir_ + "/storage\""));
  EXPECT_THAT(log, HasSubstr("work_dir: \"" + dir_ + "/work/ranks/p1.data-1-0/work\""));
  EXPECT_THAT(log, HasSubstr("rendezvous_dir: \"" + dir_ + "/storage/rendezvous/p1.data-1\""));
  EXPECT_THAT(log, HasSubstr("share_dir: \"/share\""));
  EXPECT_THAT(log, HasSubstr("events_fd: 3"));
  EXPECT_THAT(
      log, HasSubstr("OMP_NUM_THREADS=3\nOPENBLAS_NUM_THREADS=3\nOMP_WAIT_POLICY=passive\nGOMP_SPINCOUNT=0"));
  EXPECT_TRUE(std::filesystem::is_directory(dir_ + "/storage/rendezvous/p1.data-1"));
}

TEST_F(AgentTest, GivesTheKeyOfSecretSuitesToNoOtherKindOfJob) {
  setenv("BONSAI_HOLDOUT_KEY_FILE", "/somewhere/key", 1);
  coordinator_->Desire({TaskOf("p1/data", {"env:BONSAI_HOLDOUT_KEY_FILE", "exit:1"})});
  StartWorker();
  unsetenv("BONSAI_HOLDOUT_KEY_FILE");
  WaitForExit("p1/data");
  EXPECT_THAT(coordinator_->Log("p1/data"), HasSubstr("BONSAI_HOLDOUT_KEY_FILE=\n"));
}

TEST_F(AgentTest, ExitsOfRunnersAreToldApart) {
  coordinator_->Desire({TaskOf("p1/code", {"exit:3"}),
                        TaskOf("p1/bad", {"failure:shard 3 is cut", "exit:65"}),
                        TaskOf("p1/left", {"exit:75"}), TaskOf("p1/killed", {"raise:9"}),
                        TaskOf("p1/garbage", {"garbage", "hang"}), TaskOf("p1/empty", {"exit:0"})});
  StartWorker();
  auto expect = [&](const std::string& job_id, v1::RankReport::Exit exit, const std::string& message) {
    v1::RankReport report = WaitForExit(job_id);
    EXPECT_EQ(report.exit(), exit) << job_id;
    EXPECT_THAT(report.message(), HasSubstr(message)) << job_id;
  };
  expect("p1/code", v1::RankReport::FAILED, "exit code 3");
  expect("p1/bad", v1::RankReport::BAD_INPUT, "shard 3 is cut");
  expect("p1/left", v1::RankReport::PREEMPTED, "");
  expect("p1/killed", v1::RankReport::FAILED, "killed by signal 9");
  expect("p1/garbage", v1::RankReport::FAILED, "event stream is broken");
  expect("p1/empty", v1::RankReport::FAILED, "no output");
}

TEST_F(AgentTest, ARankThatCannotStartHasFailed) {
  v1::Task no_runner = TaskOf("p1/pack", {});
  no_runner.mutable_spec()->mutable_pack();
  coordinator_->Desire({no_runner, TaskOf("../escape", {"exit:0"})});
  StartWorker();
  v1::RankReport report = WaitForExit("p1/pack");
  EXPECT_EQ(report.exit(), v1::RankReport::FAILED);
  EXPECT_THAT(report.message(), HasSubstr("bonsai-run-pack: No such file"));
  report = WaitForExit("../escape");
  EXPECT_EQ(report.exit(), v1::RankReport::BAD_INPUT);
  EXPECT_THAT(report.message(), HasSubstr("job id \"../escape\""));
}

TEST_F(AgentTest, ARankThatIsNoLongerDesiredLeavesWithACheckpoint) {
  coordinator_->Desire({TaskOf("p1/data", {"wait"})});
  StartWorker();
  WaitForRank("p1/data", [](const auto& rank) { return rank.progress().step() == 1; });
  coordinator_->Desire({});
  v1::RankReport report = WaitForExit("p1/data");
  EXPECT_EQ(report.exit(), v1::RankReport::PREEMPTED);
  EXPECT_EQ(report.checkpoint().step(), 9u);
}

TEST_F(AgentTest, ARankThatIgnoresSigtermIsKilledWithAllThatItStarted) {
  coordinator_->Desire({TaskOf("p1/data", {"fork", "hang"})});
  StartWorker("50");
  WaitForRank("p1/data", [](const auto& rank) { return rank.progress().step() == 1; });
  pid_t grandchild = NumberAfter(coordinator_->WaitForLog("p1/data", "grandchild"), "grandchild");
  ASSERT_TRUE(Lives(grandchild));
  coordinator_->Desire({});
  v1::RankReport report = WaitForExit("p1/data");
  EXPECT_EQ(report.exit(), v1::RankReport::FAILED);
  EXPECT_THAT(report.message(), HasSubstr("killed by signal 9, 50ms after SIGTERM"));
  EXPECT_TRUE(Ends(grandchild));
}

TEST_F(AgentTest, ATaskSaysHowLongItsRanksMayTakeToLeave) {
  v1::Task task = TaskOf("p1/data", {"hang"});
  task.set_grace_seconds(1);
  coordinator_->Desire({task});
  StartWorker("3600000");
  WaitForRank("p1/data", [](const auto& rank) { return rank.progress().step() == 1; });
  coordinator_->Desire({});
  EXPECT_THAT(WaitForExit("p1/data").message(), HasSubstr("killed by signal 9, 1s after SIGTERM"));
}

TEST_F(AgentTest, WhatARunnerLeavesRunningEndsWithIt) {
  coordinator_->Desire({TaskOf("p1/data", {"fork", "artifact", "exit:0"})});
  StartWorker();
  EXPECT_EQ(WaitForExit("p1/data").exit(), v1::RankReport::DONE);
  EXPECT_TRUE(Ends(NumberAfter(coordinator_->Log("p1/data"), "grandchild")));
}

TEST_F(AgentTest, ABadConfigurationIsExit65) {
  std::ofstream(dir_ + "/config") << "worker_id: \"w1\" cpu: 4";
  StartWorker();
  EXPECT_EQ(WorkerExit(), 65);
}

TEST_F(AgentTest, ServesItsMetrics) {
  coordinator_->Desire({TaskOf("p1/data", {"print:hello", "artifact", "exit:0"})});
  StartWorker();
  WaitForExit("p1/data");
  std::string address = *ReadFileBytes(dir_ + "/work/metrics_address", 100);
  int port = 0;
  ASSERT_TRUE(absl::SimpleAtoi(std::vector<std::string>(absl::StrSplit(address, ':'))[1], &port)) << address;
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  ASSERT_TRUE(WriteAll(fd, "GET /metrics HTTP/1.0\r\n\r\n", "socket").ok());
  std::string page;
  char buffer[4096];
  for (ssize_t got; (got = read(fd, buffer, sizeof buffer)) > 0;) page.append(buffer, got);
  close(fd);
  EXPECT_THAT(page, HasSubstr("bonsai_worker_ranks{phase=\"exited\"} 1"));
  EXPECT_THAT(page, HasSubstr("bonsai_worker_runner_exits_total{kind=\"data\",outcome=\"done\"} 1"));
  EXPECT_THAT(page, HasSubstr("bonsai_worker_log_bytes_forwarded_total 6"));
  EXPECT_THAT(page, HasSubstr("bonsai_worker_synchronize_seconds_count"));
  EXPECT_THAT(page, HasSubstr("bonsai_worker_info{worker_id=\"w1\"} 1"));
}

}  // namespace
}  // namespace bonsai
