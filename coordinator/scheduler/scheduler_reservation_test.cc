// Room that is kept for jobs that do not fit, while jobs end at times that nobody has told the scheduler.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/scheduler.h"
#include "coordinator/scheduler/virtual_cluster.h"

namespace bonsai {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

// Attempts last 200, 230, 260, .. 590 and again 200 seconds, as they start.
class SteadyWork : public VirtualWork {
 public:
  absl::Duration Start(const v1::JobRecord& job, absl::Time now) override {
    started_[job.spec().name()] = now;
    return absl::Seconds(200 + 30 * (static_cast<int>(started_.size()) % 14));
  }
  absl::Duration Leave(const v1::JobRecord&, absl::Duration) override { return absl::Seconds(1); }
  void Observe(const v1::JobRecord&, absl::Time) override {}

  const std::map<std::string, absl::Time>& started() const { return started_; }

 private:
  std::map<std::string, absl::Time> started_;  // by the job's name
};

struct Cluster {
  Cluster(int workers, uint32_t cpus)
      : virtual_cluster(Scheduler::Create(Options(), {}, kStart), work, kStart) {
    for (int i = 0; i < workers; ++i) {
      VirtualCluster::Worker worker;
      worker.id = absl::StrCat("w", i);
      worker.offer.set_cpus(cpus);
      worker.offer.set_memory_bytes(uint64_t{64} << 30);
      worker.offer.add_kinds("pretrain");
      virtual_cluster.AddWorker(worker);
    }
  }
  static SchedulerOptions Options() {
    SchedulerOptions options;
    options.lease = kEndlessLease;
    return options;
  }

  // Jobs called TENANT0, TENANT1, ...
  void Submit(const std::string& tenant, int jobs, uint32_t cpus) {
    PipelineSubmitted event;
    event.request_id = tenant;
    event.actor.tenant = tenant;
    for (int i = 0; i < jobs; ++i) {
      v1::JobSpec& job = *event.pipeline.add_jobs();
      job.set_name(absl::StrCat(tenant, i));
      job.mutable_pretrain();
      job.mutable_resources()->set_cpus(cpus);
      event.inputs.emplace_back();
    }
    virtual_cluster.Apply(event);
  }
  void RunUntil(absl::Time end) {
    while (virtual_cluster.Step(end)) {
    }
  }
  double Used(const std::string& tenant) const {
    for (const v1::TenantUsage& usage : virtual_cluster.scheduler().ListUsage(virtual_cluster.now())) {
      if (usage.tenant() == tenant) return usage.cpu_seconds();
    }
    return 0;
  }

  SteadyWork work;
  VirtualCluster virtual_cluster;
};

TEST(ReservationTest, WhatComesFreeFirstIsForTheJobThatRoomIsKeptFor) {
  Cluster cluster(1, 4);
  cluster.Submit("old", 4, 1);
  cluster.Submit("large", 1, 3);
  cluster.Submit("small", 6, 1);
  cluster.RunUntil(kStart + absl::Hours(2));
  const auto& started = cluster.work.started();
  ASSERT_EQ(started.size(), 11u);
  // They last 230, 260, 290 and 320 seconds.
  EXPECT_EQ(started.at("large0") - kStart, absl::Seconds(290)) << "three of the four have ended";
  EXPECT_GE(started.at("small0"), started.at("large0"));
}

TEST(ReservationTest, SmallJobsDoNotTakeTheShareOfATenantWhoseJobsAreLarge) {
  Cluster cluster(4, 8);
  cluster.Submit("small", 900, 1);
  cluster.RunUntil(kStart + absl::Minutes(30));
  const double before = cluster.Used("small");
  cluster.Submit("large", 300, 3);
  // It is behind by half an hour of the whole cluster, and due all of it for about as long: three of a
  // worker's eight cpus are left over where two large jobs run.
  cluster.RunUntil(kStart + absl::Minutes(60));
  EXPECT_GT(cluster.Used("large"), 1.5 * (cluster.Used("small") - before));
  cluster.RunUntil(kStart + absl::Minutes(150));
  EXPECT_NEAR(cluster.Used("large") / cluster.Used("small"), 1, 0.2);
}

}  // namespace
}  // namespace bonsai
