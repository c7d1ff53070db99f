#include "coordinator/simulate/simulation_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "coordinator/simulate/report_text.h"
#include "coordinator/simulate/simulation_check.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

v1::Simulation Simulate(const std::string& text) {
  const auto simulation = ParseSimulation(text);
  EXPECT_TRUE(simulation.ok()) << simulation.status();
  return simulation.ok() ? *simulation : v1::Simulation();
}

const v1::SimulationReport::Group& Tenant(const v1::SimulationReport& report, const std::string& name) {
  for (const auto& group : report.tenants()) {
    if (group.name() == name) return group;
  }
  ADD_FAILURE() << "no tenant " << name;
  return report.tenants(0);
}

TEST(SimulationRunTest, TwoJobsOnOneCpuRunOneAfterTheOther) {
  const v1::SimulationReport report = RunSimulation(Simulate(R"(
      workers { name: "w" cpus: 1 } hours: 2
      jobs { job { name: "a" duration { fixed_seconds: 3600 } } }
      jobs { job { name: "b" duration { fixed_seconds: 1800 } } submit_hour: 0.25 })"));
  EXPECT_EQ(report.submitted(), 2u);
  EXPECT_EQ(report.done(), 2u);
  EXPECT_EQ(report.unfinished(), 0u);
  EXPECT_NEAR(report.simulated_hours(), 1.5, 1e-3);
  EXPECT_NEAR(report.cpu_utilisation(), 1, 1e-3);
  const auto& tenant = Tenant(report, "default");
  EXPECT_NEAR(tenant.wait_max_seconds(), 2700, 1);
  EXPECT_EQ(tenant.wait_p50_seconds(), 0);
  EXPECT_NEAR(tenant.cpu_hours(), 1.5, 1e-3);
}

TEST(SimulationRunTest, AGangTakesAllItsRanksOrNone) {
  const v1::SimulationReport report = RunSimulation(Simulate(R"(
      workers { name: "w" count: 2 cpus: 2 } hours: 2
      jobs { job { name: "small" duration { fixed_seconds: 600 } } }
      jobs { job { name: "gang" kind: "pretrain" resources { ranks: 4 } duration { fixed_seconds: 600 } } })"));
  EXPECT_EQ(report.done(), 2u);
  EXPECT_NEAR(Tenant(report, "default").wait_max_seconds(), 600, 1);
  EXPECT_NEAR(Tenant(report, "default").cpu_hours(), 600 * 5 / 3600.0, 1e-3);
}

TEST(SimulationRunTest, WhatNeverFitsIsNamedWithItsReason) {
  const v1::SimulationReport report = RunSimulation(Simulate(R"(
      workers { name: "w" cpus: 1 } hours: 1 drain_hours: 1
      jobs { job { name: "big" resources { gpus: 1 } duration { fixed_seconds: 1 } } })"));
  EXPECT_EQ(report.unfinished(), 1u);
  ASSERT_EQ(report.unstarted_size(), 1);
  EXPECT_THAT(report.unstarted(0), HasSubstr("p1/big: needs 1 gpu; the largest worker has 0"));
  EXPECT_THAT(ReportText(report), HasSubstr("never started, among others:\n  p1/big"));
}

constexpr char kContended[] = R"(
    workers { name: "w" count: 4 cpus: 4 } hours: 48 seed: 7
    tenants { name: "red" weight: 3 } tenants { name: "blue" weight: 1 }
    usage_half_life_hours: 4
    streams { name: "r" tenant: "red" jobs_per_hour: 80 duration { exponential_mean_seconds: 900 } }
    streams { name: "b" tenant: "blue" jobs_per_hour: 80 duration { exponential_mean_seconds: 900 } })";

TEST(SimulationRunTest, ABusyClusterIsSharedByWeight) {
  const v1::SimulationReport report = RunSimulation(Simulate(kContended));
  EXPECT_GT(report.cpu_utilisation(), 0.95);
  EXPECT_NEAR(Tenant(report, "red").share_due(), 0.75, 0.05);
  EXPECT_NEAR(Tenant(report, "red").share_got(), 0.75, 0.08);
  EXPECT_NEAR(Tenant(report, "blue").share_got(), 0.25, 0.08);
  EXPECT_GT(report.jain_index(), 0.97);
  EXPECT_GT(Tenant(report, "blue").wait_mean_seconds(), Tenant(report, "red").wait_mean_seconds());
}

TEST(SimulationRunTest, TheSameSeedGivesTheSameRunAndAnotherAnother) {
  v1::Simulation simulation = Simulate(kContended);
  simulation.set_hours(6);
  const std::string first = RunSimulation(simulation).SerializeAsString();
  EXPECT_EQ(RunSimulation(simulation).SerializeAsString(), first);
  simulation.set_seed(8);
  EXPECT_NE(RunSimulation(simulation).SerializeAsString(), first);
}

TEST(SimulationRunTest, AnUrgentQueueMakesOthersLeaveAndTheirWorkIsKeptIfTheySaveIt) {
  const std::string text = R"(
      workers { name: "w" cpus: 2 } hours: 6
      queues { name: "urgent" priority: 10 }
      jobs { job { name: "long" resources { cpus: 2 } duration { fixed_seconds: 7200 } checkpoints: %s } }
      jobs { job { name: "now" queue: "urgent" resources { cpus: 2 } duration { fixed_seconds: 600 } }
             submit_hour: 1 })";
  const auto run = [&](const std::string& checkpoints) {
    std::string with = text;
    return RunSimulation(Simulate(with.replace(with.find("%s"), 2, checkpoints)));
  };
  const v1::SimulationReport saved = run("true");
  EXPECT_EQ(saved.preemptions(), 1u);
  EXPECT_EQ(saved.done(), 2u);
  EXPECT_NEAR(saved.simulated_hours(), 2 + 600 / 3600.0, 0.02);
  EXPECT_LT(saved.lost_cpu_hours(), 0.01);
  EXPECT_LT(saved.queues(1).wait_max_seconds(), 10);
  const v1::SimulationReport thrown = run("false");
  EXPECT_NEAR(thrown.simulated_hours(), 3 + 600 / 3600.0, 0.02);
  EXPECT_NEAR(thrown.lost_cpu_hours(), 2, 0.02);
}

TEST(SimulationRunTest, TheReportReadsWell) {
  const std::string text = ReportText(RunSimulation(Simulate(R"(
      workers { name: "w" cpus: 1 } hours: 1
      jobs { job { name: "a" duration { fixed_seconds: 1800 } } })")));
  EXPECT_THAT(text, HasSubstr("0.5 hours simulated: 1 jobs submitted, 1 done, 0 not finished"));
  EXPECT_THAT(text, HasSubstr("cpus in use 100.0%, gpus in use 0.0%; 0 preemptions"));
  EXPECT_THAT(text, HasSubstr("\ntenant   jobs  done  wait mean"));
}

TEST(SimulationCheckTest, SaysWhichFieldIsWrong) {
  const auto refusal = [](const std::string& text) {
    return std::string(ParseSimulation(text).status().message());
  };
  const std::string worker = "workers { name: 'w' cpus: 1 } ";
  EXPECT_EQ(refusal(""), "workers: there are none");
  EXPECT_THAT(refusal("workers {{"), HasSubstr("line 1, column"));
  EXPECT_EQ(refusal("workers { name: 'w' }"), "workers[0].cpus: is 0; at least 1");
  EXPECT_EQ(refusal(worker), "streams: and jobs: there are none");
  EXPECT_EQ(
      refusal(worker + "streams { name: 's' jobs_per_hour: 1 }"),
      "streams[0].duration: is not set; one of fixed_seconds, exponential_mean_seconds, uniform, log_normal");
  EXPECT_EQ(refusal(worker + "streams { name: 's' kind: 'bake' duration { fixed_seconds: 1 } }"),
            "streams[0].kind: \"bake\" is no job kind; \"data\" is one");
  EXPECT_EQ(refusal(worker + "jobs { job { name: 's' duration { fixed_seconds: nan } } }"),
            "jobs[0].job.duration.fixed_seconds: nan is not from 0 to 3.16224e+07");
  EXPECT_THAT(refusal(worker + "streams { name: 's' jobs_per_hour: 1e6 duration { fixed_seconds: 1 } }"),
              HasSubstr("jobs; at most 2e+06"));
}

}  // namespace
}  // namespace bonsai
