// A busy cluster shared by tenants and queues, drawn from seeds, over hours of simulated time: quotas hold
// after every step, and each tenant gets its weighted share within a bound. BONSAI_SHARE_SEEDS=N runs the
// seeds 1 to N (20 unless told).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/fair_share.h"
#include "coordinator/scheduler/virtual_cluster.h"
#include "tests/simulation/random.h"

namespace bonsai {
namespace {

constexpr uint32_t kQuotaCpus = 5;
constexpr uint32_t kQueueCpus = 9;
constexpr int kJobsEach = 300;
constexpr int kWorkers = 4;
constexpr uint32_t kCpusPerWorker = 8;
constexpr uint32_t kJobCpusMax = 5;   // a gang of five
constexpr uint32_t kRankCpusMax = 3;  // and room is kept on a worker for one job alone
constexpr double kWeights = 7;        // of the three tenants
const absl::Duration kLongest = FairShare::kHorizon;

// How many cpu-seconds more than its share a tenant may have had, for each unit of its weight.
//
// A tenant's place in the order is O = (U + H R) / w: what it has used, what it holds and what is kept for it
// (R), its weight, and H = kHorizon. When a job of tenant j starts, or room is kept for one, O[j] is not
// above that of any tenant with jobs that could start, and so not above the mean of all by weight, which is
// (sum of U + H * sum of R) / W. What is held and kept is at most all cpus and, on every worker, one rank: C.
// The start itself adds H c / w[j] with c cpus of the largest job. After the last such start, at time s, what
// j holds ends within H, as no job lasts longer, and adds at most H R[j]. So at any time t >= s
//   U[j](t) / w[j] <= O[j](s) + H c / w[j] <= sum of U(s) / W + H C / W + H c / w[j],
// and the sum of U does not fall. What one tenant lacks others have had too much of: to bound these is
// enough. (While room is kept on every worker, jobs that none can be kept for are passed over. That does not
// last: it has not been seen to break the bound, but it is not in it.)
double MostAhead(double weight) {
  const double cpus = kWorkers * (kCpusPerWorker + kRankCpusMax);
  return absl::ToDoubleSeconds(kLongest) * (cpus / kWeights + kJobCpusMax / weight);
}

class DrawnWork : public VirtualWork {
 public:
  explicit DrawnWork(Random& random) : random_(random) {}

  absl::Duration Start(const v1::JobRecord&, absl::Time) override {
    return absl::Seconds(random_.Between(30, absl::ToInt64Seconds(kLongest)));
  }
  absl::Duration Leave(const v1::JobRecord&, absl::Duration) override { return absl::Seconds(1); }
  void Observe(const v1::JobRecord& job, absl::Time) override {
    const bool runs = job.state() == v1::RUNNING || job.state() == v1::CANCELLING;
    if (!runs) {
      running_.erase(job.id());
      return;
    }
    const int ranks = job.attempts(job.attempts_size() - 1).placements_size();
    running_[job.id()] = {job.tenant(), job.queue(),
                          std::max(job.spec().resources().cpus(), 1u) * static_cast<uint32_t>(ranks)};
  }

  struct Running {
    std::string tenant;
    std::string queue;
    uint32_t cpus;
  };
  uint32_t Cpus(std::string Running::*field, const std::string& name) const {
    uint32_t cpus = 0;
    for (const auto& [id, job] : running_) cpus += job.*field == name ? job.cpus : 0;
    return cpus;
  }

 private:
  Random& random_;
  std::map<std::string, Running> running_;
};

SchedulerOptions Options() {
  SchedulerOptions options;
  options.lease = kEndlessLease;
  options.usage_half_life = absl::Hours(1000);
  for (const auto& [name, weight] : {std::pair<const char*, double>{"one", 1}, {"two", 2}, {"four", 4}}) {
    v1::TenantConfig& tenant = options.tenants.emplace_back();
    tenant.set_name(name);
    tenant.set_weight(weight);
  }
  v1::TenantConfig& bounded = options.tenants.emplace_back();
  bounded.set_name("bounded");
  bounded.set_weight(100);
  bounded.set_cpus_max(kQuotaCpus);
  v1::QueueConfig& narrow = options.queues.emplace_back();
  narrow.set_name("narrow");
  narrow.set_cpus_max(kQueueCpus);
  return options;
}

void Submit(VirtualCluster& cluster, const std::string& tenant, const std::string& queue, int jobs,
            Random& random) {
  PipelineSubmitted event;
  event.request_id = absl::StrCat(tenant, " ", queue);
  event.actor.tenant = tenant;
  event.pipeline.set_queue(queue);
  for (int i = 0; i < jobs; ++i) {
    v1::JobSpec& job = *event.pipeline.add_jobs();
    job.set_name(absl::StrCat("j", i));
    job.mutable_pretrain();
    v1::Resources& resources = *job.mutable_resources();
    resources.set_cpus(static_cast<uint32_t>(random.Between(1, kRankCpusMax)));
    if (random.Chance(0.1)) {
      resources.set_cpus(1);
      resources.set_ranks(4);
      resources.set_min_ranks(2);
      resources.set_max_ranks(kJobCpusMax);
    }
    event.inputs.emplace_back();
  }
  for (const Action& action : cluster.Apply(event)) {
    if (const auto* reject = std::get_if<Reject>(&action)) ADD_FAILURE() << reject->status;
  }
}

void RunSeed(uint64_t seed) {
  Random random(seed);
  DrawnWork work(random);
  const absl::Time start = absl::FromUnixSeconds(1'700'000'000);
  VirtualCluster cluster(Scheduler::Create(Options(), Records(), start), work, start);
  for (const char* tenant : {"one", "two", "four"}) Submit(cluster, tenant, "", kJobsEach, random);
  Submit(cluster, "bounded", "", 20, random);
  Submit(cluster, "other", "narrow", 20, random);
  for (int i = 0; i < kWorkers; ++i) {
    VirtualCluster::Worker worker;
    worker.id = absl::StrCat("w", i);
    worker.offer.set_cpus(kCpusPerWorker);
    worker.offer.set_memory_bytes(uint64_t{64} << 30);
    worker.offer.add_kinds("pretrain");
    cluster.AddWorker(worker);
  }
  // As long as nobody runs out of jobs: four sevenths of the cluster end 300 jobs in about five hours.
  bool busy = true;
  while (busy && cluster.Step(start + absl::Hours(24))) {
    ASSERT_LE(work.Cpus(&DrawnWork::Running::tenant, "bounded"), kQuotaCpus);
    ASSERT_LE(work.Cpus(&DrawnWork::Running::queue, "narrow"), kQueueCpus);
    for (const v1::TenantUsage& usage : cluster.scheduler().ListUsage(cluster.now())) {
      busy &= usage.weight() > 4 || usage.tenant() == "other" || usage.jobs_pending() > 20;
    }
  }
  double sum = 0;
  std::vector<v1::TenantUsage> shares;
  for (const v1::TenantUsage& usage : cluster.scheduler().ListUsage(cluster.now())) {
    if (usage.tenant() == "bounded" || usage.tenant() == "other") continue;
    shares.push_back(usage);
    sum += usage.cpu_seconds();
  }
  ASSERT_GT(sum / kWeights, 4 * MostAhead(4)) << "each has had so much that the bound says something";
  for (const v1::TenantUsage& usage : shares) {
    EXPECT_LE(usage.cpu_seconds() / usage.weight() - sum / kWeights, MostAhead(usage.weight()))
        << usage.tenant() << " after " << cluster.now() - start << ", where a unit of weight is due "
        << sum / kWeights;
  }
}

TEST(SharesTest, QuotasHoldAndEveryTenantGetsItsShareWithinTheBound) {
  const char* text = std::getenv("BONSAI_SHARE_SEEDS");
  const uint64_t seeds = text == nullptr ? 20 : std::strtoull(text, nullptr, 10);
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    RunSeed(seed);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace bonsai
