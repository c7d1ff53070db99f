#include "worker/agent/rank_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr absl::Duration kGrace = absl::Seconds(10);

v1::Task TaskOf(const std::string& job, uint32_t attempt = 1, uint32_t rank = 0) {
  v1::Task task;
  task.set_job_id(job);
  task.set_attempt(attempt);
  task.set_rank(rank);
  return task;
}

class RankTableTest : public testing::Test {
 protected:
  // "start p1/a attempt 1 rank 0"
  static std::vector<std::string> Words(const std::vector<RankAction>& actions) {
    static constexpr const char* kWords[] = {"start ", "stop ", "kill ", "forget "};
    std::vector<std::string> words;
    for (const RankAction& action : actions) words.push_back(kWords[action.kind] + ToString(action.key));
    return words;
  }
  std::vector<std::string> Desire(const std::vector<v1::Task>& tasks) {
    return Words(table_.ApplyDesired(tasks, now_));
  }
  v1::RankReport OnlyReport() {
    std::vector<v1::RankReport> reports = table_.Reports();
    EXPECT_EQ(reports.size(), 1u);
    return reports.empty() ? v1::RankReport() : reports[0];
  }
  // A rank that runs.
  void Run(const v1::Task& task) {
    Desire({task});
    table_.OnStarted(KeyOf(task));
  }
  v1::RankReport EndOf(const v1::Task& task, ProcessEnd end) {
    table_.OnEnded(KeyOf(task), end);
    table_.OnLogsForwarded(KeyOf(task));
    return OnlyReport();
  }
  static v1::RunnerEvent OutputEvent() {
    v1::RunnerEvent event;
    event.mutable_artifact()->set_manifest_id("output");
    return event;
  }

  absl::Time now_ = absl::UnixEpoch();
  RankTable table_{kGrace};
  const v1::Task task_ = TaskOf("p1/a");
  const RankKey key_ = KeyOf(task_);
};

TEST_F(RankTableTest, StartsWhatIsDesiredOnce) {
  EXPECT_THAT(Desire({task_, TaskOf("p1/a", 1, 1)}),
              ElementsAre("start p1/a attempt 1 rank 0", "start p1/a attempt 1 rank 1"));
  EXPECT_THAT(Desire({task_, TaskOf("p1/a", 1, 1)}), IsEmpty());
  EXPECT_EQ(table_.Reports()[0].phase(), v1::RankReport::STARTING);
  table_.OnStarted(key_);
  EXPECT_EQ(table_.Reports()[0].phase(), v1::RankReport::RUNNING);
}

TEST_F(RankTableTest, StopsWhatIsNotDesiredOnceAndBeforeItStartsOthers) {
  Run(task_);
  EXPECT_THAT(Desire({TaskOf("p1/a", 2)}),
              ElementsAre("stop p1/a attempt 1 rank 0", "start p1/a attempt 2 rank 0"));
  EXPECT_THAT(Desire({TaskOf("p1/a", 2)}), IsEmpty());
  EXPECT_EQ(table_.Reports()[0].phase(), v1::RankReport::STOPPING);
}

TEST_F(RankTableTest, KillsWhatDoesNotStopWithinTheGraceOnce) {
  Run(task_);
  EXPECT_EQ(table_.NextDeadline(), absl::InfiniteFuture());
  Desire({});
  EXPECT_EQ(table_.NextDeadline(), now_ + kGrace);
  EXPECT_THAT(table_.Tick(now_ + kGrace - absl::Milliseconds(1)), IsEmpty());
  EXPECT_THAT(Words(table_.Tick(now_ + kGrace)), ElementsAre("kill p1/a attempt 1 rank 0"));
  EXPECT_THAT(table_.Tick(now_ + kGrace), IsEmpty());
  EXPECT_EQ(table_.NextDeadline(), absl::InfiniteFuture());
  EXPECT_EQ(EndOf(task_, {true, 9}).message(), "killed by signal 9, 10s after SIGTERM");
}

TEST_F(RankTableTest, ATasksOwnGraceGoesBeforeTheWorkers) {
  for (uint32_t seconds : {1u, 3600u}) {
    v1::Task task = TaskOf("p1/own");
    task.set_grace_seconds(seconds);
    Run(task);
    EXPECT_THAT(Words(table_.StopAll(now_)), ElementsAre("stop p1/own attempt 1 rank 0"));
    EXPECT_EQ(table_.NextDeadline(), now_ + absl::Seconds(seconds));
    EXPECT_THAT(table_.Tick(now_ + absl::Seconds(seconds) - absl::Milliseconds(1)), IsEmpty());
    EXPECT_THAT(Words(table_.Tick(now_ + absl::Seconds(seconds))),
                ElementsAre("kill p1/own attempt 1 rank 0"));
    table_ = RankTable(kGrace);
  }
}

TEST_F(RankTableTest, AnEndIsReportedOnlyOnceTheLogsAreThrough) {
  Run(task_);
  table_.OnEvent(key_, OutputEvent());
  table_.OnEnded(key_, {false, 0});
  EXPECT_EQ(OnlyReport().phase(), v1::RankReport::RUNNING);
  EXPECT_EQ(OnlyReport().exit(), v1::RankReport::EXIT_UNSPECIFIED);
  EXPECT_FALSE(table_.AllExited());
  table_.OnLogsForwarded(key_);
  EXPECT_EQ(OnlyReport().phase(), v1::RankReport::EXITED);
  EXPECT_EQ(OnlyReport().exit(), v1::RankReport::DONE);
  EXPECT_EQ(OnlyReport().output_id(), "output");
  EXPECT_TRUE(table_.AllExited());
}

TEST_F(RankTableTest, AnExitedRankIsKeptWhileDesiredAndForgottenAfterwards) {
  Run(task_);
  EndOf(task_, {false, 1});
  EXPECT_THAT(Desire({task_}), IsEmpty()) << "it must not be started again";
  EXPECT_EQ(OnlyReport().phase(), v1::RankReport::EXITED);
  EXPECT_THAT(Desire({}), ElementsAre("forget p1/a attempt 1 rank 0"));
  EXPECT_THAT(table_.Reports(), IsEmpty());
}

TEST_F(RankTableTest, ARankWhoseLogsAreNotThroughIsNotForgotten) {
  Run(task_);
  table_.OnEnded(key_, {false, 1});
  EXPECT_THAT(Desire({}), IsEmpty());
  EXPECT_EQ(table_.Reports().size(), 1u);
  table_.OnLogsForwarded(key_);
  EXPECT_THAT(Desire({}), ElementsAre("forget p1/a attempt 1 rank 0"));
}

TEST_F(RankTableTest, ExitCodesAndSignalsBecomeOutcomes) {
  struct Case {
    ProcessEnd end;
    v1::RankReport::Exit exit;
    const char* message;
  };
  for (const Case& one : std::vector<Case>{{{false, 0}, v1::RankReport::DONE, ""},
                                           {{false, 1}, v1::RankReport::FAILED, "exit code 1"},
                                           {{false, 3}, v1::RankReport::FAILED, "exit code 3"},
                                           {{false, 65}, v1::RankReport::BAD_INPUT, "exit code 65"},
                                           {{false, 75}, v1::RankReport::PREEMPTED, "left on SIGTERM"},
                                           {{true, 9}, v1::RankReport::FAILED, "killed by signal 9"},
                                           {{true, 75}, v1::RankReport::FAILED, "killed by signal 75"}}) {
    RankTable table(kGrace);
    table.ApplyDesired({task_}, now_);
    table.OnEvent(key_, OutputEvent());
    table.OnEnded(key_, one.end);
    EXPECT_EQ(table.Report(key_).exit(), one.exit) << one.end.number;
    EXPECT_EQ(table.Report(key_).message(), one.message);
  }
}

TEST_F(RankTableTest, TheLastFailureIsTheMessage) {
  Run(task_);
  v1::RunnerEvent event;
  event.mutable_failure()->set_message("loss is NaN at step 7");
  table_.OnEvent(key_, event);
  EXPECT_EQ(EndOf(task_, {false, 1}).message(), "loss is NaN at step 7");
}

TEST_F(RankTableTest, RankZeroIsNotDoneWithoutAnOutputButOthersAre) {
  Run(task_);
  EXPECT_EQ(EndOf(task_, {false, 0}).exit(), v1::RankReport::FAILED);
  RankTable table(kGrace);
  v1::Task other = TaskOf("p1/a", 1, 1);
  table.ApplyDesired({other}, now_);
  table.OnEnded(KeyOf(other), {false, 0});
  EXPECT_EQ(table.Report(KeyOf(other)).exit(), v1::RankReport::DONE);
}

TEST_F(RankTableTest, ReportsTheNewestOfEachEvent) {
  Run(task_);
  for (uint64_t step : {1, 2}) {
    v1::RunnerEvent event;
    event.mutable_progress()->set_step(step);
    table_.OnEvent(key_, event);
    event.mutable_sample()->set_step(step);
    table_.OnEvent(key_, event);
    event.mutable_checkpoint()->set_step(step);
    table_.OnEvent(key_, event);
  }
  EXPECT_EQ(OnlyReport().progress().step(), 2u);
  EXPECT_EQ(OnlyReport().sample().step(), 2u);
  EXPECT_EQ(OnlyReport().checkpoint().step(), 2u);
}

TEST_F(RankTableTest, ARankThatCouldNotStartHasExited) {
  Desire({task_});
  table_.OnStartFailed(key_, "no such runner", v1::RankReport::FAILED);
  table_.OnLogsForwarded(key_);
  EXPECT_EQ(OnlyReport().phase(), v1::RankReport::EXITED);
  EXPECT_EQ(OnlyReport().exit(), v1::RankReport::FAILED);
  EXPECT_EQ(OnlyReport().message(), "no such runner");
}

TEST_F(RankTableTest, ALeavingWorkerStopsAllAndStartsNothing) {
  Run(task_);
  EXPECT_THAT(Words(table_.StopAll(now_)), ElementsAre("stop p1/a attempt 1 rank 0"));
  EXPECT_THAT(Desire({task_, TaskOf("p1/b")}), IsEmpty());
  EndOf(task_, {false, 75});
  EXPECT_TRUE(table_.AllExited());
}

TEST_F(RankTableTest, ReportsAboutUnknownRanksAreIgnored) {
  table_.OnStarted(key_);
  table_.OnEvent(key_, OutputEvent());
  table_.OnEnded(key_, {false, 0});
  table_.OnLogsForwarded(key_);
  EXPECT_THAT(table_.Reports(), IsEmpty());
}

}  // namespace
}  // namespace bonsai
