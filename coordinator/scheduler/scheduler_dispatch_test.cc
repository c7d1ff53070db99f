// Who starts first, where, and who leaves for whom: queues, shares, quotas, reservations, preemption, elastic
// gangs.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/scheduled_world.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

template <typename Config>
Config Parse(const std::string& text) {
  Config config;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &config)) << text;
  return config;
}

SchedulerOptions Options(const std::vector<std::string>& queues,
                         const std::vector<std::string>& tenants = {}) {
  SchedulerOptions options;
  for (const std::string& queue : queues) options.queues.push_back(Parse<v1::QueueConfig>(queue));
  for (const std::string& tenant : tenants) options.tenants.push_back(Parse<v1::TenantConfig>(tenant));
  return options;
}

// Workers that report what they were told to run, and finish jobs when told to.
class Cluster {
 public:
  explicit Cluster(SchedulerOptions options = {}) : world(std::move(options)) {}

  void Submit(const std::string& name, const std::string& rest = "", const std::string& queue = "",
              const std::string& tenant = "default") {
    PipelineSubmitted event = Event(name, rest, queue, tenant);
    EXPECT_TRUE(world.Refusal(event).ok());
    ids_[name] = absl::StrCat("p", ++pipelines_, "/", name);
  }
  std::string Refused(const std::string& rest, const std::string& queue, const std::string& tenant) {
    return std::string(world.Refusal(Event("refused", rest, queue, tenant)).message());
  }
  void Sync(const std::string& worker) {
    std::vector<v1::RankReport> reports;
    for (const v1::RankReport& report : runs_[worker]) reports.push_back(report);
    const auto response = world.Sync(worker, reports);
    std::vector<v1::RankReport> next;
    for (const v1::Task& task : response.desired())
      next.push_back(Running(task.job_id(), task.attempt(), task.rank()));
    runs_[worker] = next;
  }
  // Twice: what has left makes room, and then what starts is told to its worker.
  void SyncAll(const std::vector<std::string>& workers) {
    for (int i = 0; i < 2; ++i) {
      for (const std::string& worker : workers) Sync(worker);
    }
  }
  void Finish(const std::string& worker, const std::string& name) {
    for (v1::RankReport& report : runs_[worker]) {
      if (report.job_id() != ids_[name]) continue;
      report = Exited(report.job_id(), report.attempt(), report.rank(), v1::RankReport::DONE,
                      world.MakeArtifact("model"));
    }
  }
  // "a b": the jobs that run, in the order of their names.
  std::string Run() const {
    std::string names;
    for (const auto& [name, id] : ids_) {
      if (world.state(id) == v1::RUNNING) absl::StrAppend(&names, names.empty() ? "" : " ", name);
    }
    return names;
  }
  const v1::JobRecord& job(const std::string& name) { return world.job(ids_[name]); }

  ScheduledWorld world;

 private:
  PipelineSubmitted Event(const std::string& name, const std::string& rest, const std::string& queue,
                          const std::string& tenant) {
    PipelineSubmitted event;
    event.request_id = absl::StrCat("r", ++requests_);
    *event.pipeline.add_jobs() = Parse<v1::JobSpec>(absl::StrCat("name: '", name, "' pretrain {} ", rest));
    event.pipeline.set_queue(queue);
    event.inputs.resize(1);
    event.actor.tenant = tenant;
    return event;
  }

  std::map<std::string, std::string> ids_;
  std::map<std::string, std::vector<v1::RankReport>> runs_;
  int pipelines_ = 0;
  int requests_ = 0;
};

TEST(DispatchTest, QueuesComeBeforePrioritiesAndPrioritiesBeforeSubmission) {
  Cluster cluster(Options({"name: 'urgent' priority: 5", "name: 'idle' priority: -5"}));
  cluster.Submit("idle", "priority: 900", "idle");
  cluster.Submit("first");
  cluster.Submit("second", "priority: 1");
  cluster.Submit("urgent", "priority: -900", "urgent");
  for (const char* next : {"urgent", "second", "first", "idle"}) {
    cluster.Sync("w");
    EXPECT_EQ(cluster.Run(), next);
    cluster.Sync("w");
    cluster.Finish("w", next);
  }
}

TEST(DispatchTest, TenantsGetTheirSharesOfABusyCluster) {
  Cluster cluster(Options({}, {"name: 'a' weight: 3", "name: 'b' weight: 1"}));
  cluster.world.SetCpus("w", 8);
  for (int i = 0; i < 8; ++i) cluster.Submit(absl::StrCat("a", i), "", "", "a");
  for (int i = 0; i < 8; ++i) cluster.Submit(absl::StrCat("b", i), "", "", "b");
  cluster.Sync("w");
  EXPECT_EQ(cluster.Run(), "a0 a1 a2 a3 a4 a5 b0 b1");
  const auto usage = cluster.world.scheduler().ListUsage(cluster.world.now());
  ASSERT_EQ(usage.size(), 2u);
  EXPECT_EQ(usage[0].cpus(), 6u);
  EXPECT_EQ(usage[0].jobs_pending(), 2u);
  EXPECT_EQ(usage[1].jobs_running(), 2u);
}

TEST(DispatchTest, UsageIsKnownAgainAfterARestart) {
  Cluster cluster;
  cluster.Submit("a", "", "", "a");
  cluster.Sync("w");
  cluster.Sync("w");
  cluster.world.Advance(absl::Seconds(5));
  cluster.Finish("w", "a");
  cluster.Sync("w");
  const double used = cluster.world.scheduler().ListUsage(cluster.world.now())[0].cpu_seconds();
  EXPECT_NEAR(used, 5, 0.01);
  cluster.world.Restart();
  EXPECT_NEAR(cluster.world.scheduler().ListUsage(cluster.world.now())[0].cpu_seconds(), used, 1e-6);
  cluster.Submit("again", "", "", "a");
  cluster.Submit("other", "", "", "b");
  cluster.Sync("w");
  EXPECT_EQ(cluster.Run(), "other") << "who has used less goes first";
}

TEST(DispatchTest, QuotasBoundWhatRunsAndWhatIsSubmitted) {
  Cluster cluster(Options({"name: 'narrow' cpus_max: 1"}, {"name: 't' cpus_max: 2 pending_jobs_max: 4"}));
  cluster.world.SetCpus("w", 8);
  for (const char* name : {"a", "b", "c"}) cluster.Submit(name, "", "", "t");
  cluster.Submit("d", "", "narrow", "other");
  cluster.Submit("e", "", "narrow", "other");
  cluster.Sync("w");
  EXPECT_EQ(cluster.Run(), "a b d");
  EXPECT_THAT(cluster.world.scheduler().ExplainPending("p3/c"),
              HasSubstr("tenant t holds 2 of at most 2 cpus"));
  EXPECT_THAT(cluster.world.scheduler().ExplainPending("p5/e"),
              HasSubstr("queue narrow holds 1 of at most 1 cpus"));
  cluster.Submit("f", "", "", "t");
  EXPECT_THAT(cluster.Refused("", "", "t"), HasSubstr("tenant t has 4 that have not ended; its quota is 4"));
  EXPECT_THAT(cluster.Refused("resources { cpus: 2 }", "narrow", "x"), HasSubstr("queue narrow may hold 1"));
  EXPECT_THAT(cluster.Refused("resources { cpus: 3 }", "", "t"), HasSubstr("the quota of tenant t is 2"));
  EXPECT_EQ(cluster.Refused("", "fast", "t"), "pipeline: queue is \"fast\": must be one of: default, narrow");
}

TEST(DispatchTest, ATenantWhoseStorageIsFullWaitsAndOthersDoNot) {
  // An artifact has 100 bytes.
  Cluster cluster(Options({}, {"name: 't' storage_bytes_max: 150"}));
  cluster.world.SetCpus("w", 1);
  for (const char* name : {"a", "b", "c"}) cluster.Submit(name, "", "", "t");
  for (const char* name : {"a", "b"}) {
    cluster.SyncAll({"w"});
    EXPECT_EQ(cluster.Run(), name);
    cluster.Finish("w", name);
  }
  cluster.SyncAll({"w"});
  EXPECT_EQ(cluster.Run(), "");
  const char why[] = "tenant t holds 200 of at most 150 bytes of artifacts";
  EXPECT_THAT(cluster.world.scheduler().ExplainPending("p3/c"), HasSubstr(why));
  cluster.world.Restart();
  cluster.SyncAll({"w"});
  EXPECT_EQ(cluster.Run(), "");
  EXPECT_THAT(cluster.world.scheduler().ExplainPending("p3/c"), HasSubstr(why));
  cluster.Submit("d", "", "", "other");
  cluster.SyncAll({"w"});
  EXPECT_EQ(cluster.Run(), "d");
  for (const v1::TenantUsage& usage : cluster.world.scheduler().ListUsage(cluster.world.now())) {
    EXPECT_EQ(usage.artifact_bytes(), usage.tenant() == "t" ? 200u : 0u) << usage.tenant();
  }
}

TEST(DispatchTest, AnElasticGangTakesTheSizeThatFitsEachTime) {
  Cluster cluster;
  cluster.world.SetCpus("v", 2);
  cluster.world.SetCpus("w", 3);
  cluster.Submit("e", "resources { ranks: 3 min_ranks: 2 max_ranks: 4 }");
  cluster.Sync("v");
  EXPECT_EQ(cluster.job("e").attempts(0).placements_size(), 2);
  cluster.Sync("w");
  cluster.Sync("v");
  const auto response = cluster.world.Sync("v", {Exited("p1/e", 1, 0, v1::RankReport::PREEMPTED),
                                                 Exited("p1/e", 1, 1, v1::RankReport::PREEMPTED)});
  ASSERT_EQ(cluster.job("e").attempts_size(), 2);
  EXPECT_EQ(cluster.job("e").attempts(1).placements_size(), 4) << "no more than max_ranks, though 5 fit";
  for (const v1::Task& task : response.desired()) EXPECT_EQ(task.ranks(), 4u);
}

TEST(DispatchTest, ALargeGangStartsUnderAStreamOfSmallJobs) {
  Cluster cluster;
  const std::vector<std::string> workers = {"v", "w"};
  for (const std::string& worker : workers) cluster.world.SetCpus(worker, 2);
  cluster.SyncAll(workers);
  for (int i = 0; i < 4; ++i) cluster.Submit(absl::StrCat("s", i));
  cluster.SyncAll(workers);
  cluster.Submit("gang", "resources { ranks: 4 }");
  int next = 4;
  // Every small job that ends is replaced by two more: without a reservation there would never be room for
  // four.
  for (int step = 0; step < 20 && cluster.Run() != "gang"; ++step) {
    cluster.Submit(absl::StrCat("s", next++));
    cluster.Submit(absl::StrCat("s", next++));
    cluster.SyncAll(workers);
    for (int i = 0; i < next; ++i) {
      if (cluster.job(absl::StrCat("s", i)).state() != v1::RUNNING) continue;
      for (const std::string& worker : workers) cluster.Finish(worker, absl::StrCat("s", i));
      break;  // one ends in each step
    }
    cluster.SyncAll(workers);
  }
  EXPECT_EQ(cluster.Run(), "gang");
  EXPECT_LE(next, 20) << "it starts when the four that ran before it have ended";
}

TEST(DispatchTest, WhatEndsInTimeMayUseReservedRoom) {
  SchedulerOptions options;
  options.default_grace = absl::Seconds(1);
  Cluster cluster(options);
  cluster.world.SetCpus("w", 2);
  cluster.Submit("runs", "time_limit_seconds: 600");
  cluster.Sync("w");
  cluster.Submit("big", "resources { cpus: 2 }");
  cluster.Submit("long", "time_limit_seconds: 900");
  cluster.Submit("endless");
  cluster.Submit("short", "time_limit_seconds: 300");
  cluster.Sync("w");
  EXPECT_EQ(cluster.Run(), "runs short") << "big is expected to start in 600 s";
  EXPECT_THAT(cluster.world.scheduler().ExplainPending("p2/big"), HasSubstr("room is kept for it on w"));
}

TEST(DispatchTest, AHigherPriorityMakesTheCheapestLeaveAndTakesTheirRoom) {
  Cluster cluster;
  cluster.world.SetCpus("w", 3);
  cluster.Submit("old", "priority: -1");
  cluster.Sync("w");
  cluster.world.Advance(absl::Seconds(1));
  cluster.Submit("young", "priority: -1");
  cluster.Submit("normal");
  cluster.Sync("w");
  ASSERT_EQ(cluster.Run(), "normal old young");
  cluster.Submit("equal");
  cluster.Submit("high", "priority: 7");
  cluster.world.Advance(absl::Milliseconds(400));
  cluster.Sync("w");
  EXPECT_EQ(cluster.job("young").reason(), "") << "it has not waited for long enough";
  cluster.world.Advance(absl::Milliseconds(100));
  cluster.Sync("w");
  cluster.Sync("w");
  EXPECT_EQ(cluster.Run(), "high normal old");
  EXPECT_EQ(cluster.job("young").attempts(0).outcome(), v1::AttemptRecord::PREEMPTED);
  EXPECT_THAT(cluster.job("young").attempts(0).reason(), HasSubstr("makes room for p5/high"));
  EXPECT_EQ(cluster.job("young").state(), v1::READY) << "it does not count against its attempts";
  for (int i = 0; i < 5; ++i) {
    cluster.world.Advance(absl::Seconds(5));
    cluster.Sync("w");
  }
  // "equal" outranks "old" and makes it leave; "normal" is its equal and stays.
  EXPECT_EQ(cluster.Run(), "equal high normal");
}

TEST(DispatchTest, AGangMakesWholeGangsLeaveAndNoMoreThanItNeeds) {
  Cluster cluster;
  const std::vector<std::string> workers = {"v", "w"};
  for (const std::string& worker : workers) cluster.world.SetCpus(worker, 4);
  cluster.SyncAll(workers);
  cluster.Submit("wide", "priority: -2 resources { ranks: 6 }");
  cluster.Submit("single", "priority: -1");
  cluster.Submit("other", "priority: -1");
  cluster.SyncAll(workers);
  ASSERT_EQ(cluster.Run(), "other single wide");
  cluster.Submit("gang", "resources { ranks: 2 cpus: 3 }");
  cluster.world.Advance(absl::Seconds(1));
  cluster.SyncAll(workers);
  cluster.SyncAll(workers);
  EXPECT_EQ(cluster.Run(), "gang other single");
  EXPECT_EQ(cluster.job("single").attempts_size(), 1);
  EXPECT_EQ(cluster.job("wide").state(), v1::READY);
}

TEST(DispatchTest, LabelsInputsAndPastFailuresChooseTheWorker) {
  Cluster cluster;
  for (const char* worker : {"a", "b", "c"}) {
    cluster.world.SetCpus(worker, 4);
    (*cluster.world.offer(worker).mutable_labels())["rack"] = *worker == 'c' ? "2" : "1";
    cluster.Sync(worker);
  }
  cluster.Submit("must", "resources { labels { key: 'rack' value: '2' } }");
  cluster.Submit("likes", "resources { preferred_labels { key: 'rack' value: '2' } }");
  cluster.Submit("cannot", "resources { labels { key: 'rack' value: '3' } }");
  EXPECT_EQ(cluster.job("must").attempts(0).placements(0).worker_id(), "c");
  EXPECT_EQ(cluster.job("likes").attempts(0).placements(0).worker_id(), "c");
  EXPECT_EQ(cluster.job("cannot").state(), v1::READY);
  cluster.Submit("fails");
  const std::string first = cluster.job("fails").attempts(0).placements(0).worker_id();
  cluster.world.Sync(first, {Exited("p4/fails", 1, 0, v1::RankReport::FAILED, "", "disk full")});
  cluster.world.Advance(absl::Seconds(5));
  cluster.Sync("b");
  ASSERT_EQ(cluster.job("fails").attempts_size(), 2);
  EXPECT_NE(cluster.job("fails").attempts(1).placements(0).worker_id(), first);
}

}  // namespace
}  // namespace bonsai
