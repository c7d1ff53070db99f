// What the Dispatcher is told, and how a job starts. The pass itself is in dispatch_pass.cc.
#include "coordinator/scheduler/dispatcher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/tenancy.h"

namespace bonsai {

Dispatcher::Dispatcher(const SchedulerOptions& options, const JobTable& jobs)
    : preempt_after_(options.preempt_after),
      default_grace_(options.default_grace),
      jobs_(jobs),
      shares_(options.tenants, options.usage_half_life),
      queues_(options.queues) {}

void Dispatcher::JobWaits(const v1::JobRecord& job, absl::Time now) {
  const PendingJob* known = pending_.Find(job.sequence());
  PendingJob pending;
  pending.since = known == nullptr ? now : known->since;
  JobGone(job.sequence());
  Shape shape;
  shape.need = NeedOf(job.spec());
  shape.min_ranks = MinRanksOf(job.spec());
  shape.max_ranks = MaxRanksOf(job.spec());
  shape.time_limit_seconds = job.spec().time_limit_seconds();
  shape.excluded.assign(job.excluded_workers().begin(), job.excluded_workers().end());
  std::sort(shape.excluded.begin(), shape.excluded.end());
  pending.sequence = job.sequence();
  pending.id = job.id();
  pending.shape = rooms_.Use(shape);
  pending.tenant = shares_.Find(TenantOf(job.tenant()));
  pending.queue = queues_.Find(job.queue());
  pending.level = {queues_.config(pending.queue).priority(), job.spec().priority()};
  pending.has_taste = !TasteOf(job).empty();
  pending_.Put(pending);
  preempt_looks_.try_emplace({pending.level, pending.shape},
                             PreemptLook{pending.since + preempt_after_, absl::ZeroDuration()});
  preempt_due_ = std::min(preempt_due_, preempt_looks_.at({pending.level, pending.shape}).due);
  if (heads_.size() <= pending.shape) {
    heads_.resize(pending.shape + 1);
    heads_known_.resize(pending.shape + 1);
  }
  changed_ = true;
}

void Dispatcher::JobGone(uint64_t sequence) {
  const PendingJob* job = pending_.Find(sequence);
  if (job == nullptr) return;
  Free(sequence);
  rooms_.Drop(job->shape);
  pending_.Remove(sequence);
  changed_ = true;
}

RunningJob Dispatcher::Describe(const v1::JobRecord& job) const {
  const RankNeed need = NeedOf(job.spec());
  const v1::AttemptRecord& attempt = job.attempts(job.attempts_size() - 1);
  RunningJob running;
  running.sequence = job.sequence();
  running.id = job.id();
  running.tenant = shares_.Find(TenantOf(job.tenant()));
  running.queue = queues_.Find(job.queue());
  running.level = {queues_.config(running.queue).priority(), job.spec().priority()};
  running.need = {need.gpus, need.cpus, need.memory_bytes};
  running.ranks = static_cast<uint32_t>(attempt.placements_size());
  running.started = absl::FromUnixMillis(attempt.started_unix_ms());
  if (job.spec().time_limit_seconds() > 0) {
    running.expected_end = running.started + absl::Seconds(job.spec().time_limit_seconds());
  }
  return running;
}

void Dispatcher::Count(const RunningJob& job, bool starts, absl::Time now) {
  const uint64_t cpus = job.need.cpus * job.ranks;
  const uint64_t gpus = job.need.gpus * job.ranks;
  if (starts) {
    shares_.Hold(job.tenant, cpus, gpus, now);
    queues_.Hold(job.queue, cpus);
  } else {
    shares_.Release(job.tenant, cpus, gpus, now);
    queues_.Release(job.queue, cpus);
  }
  ShareChanged(job.tenant);
}

void Dispatcher::AttemptRuns(const v1::JobRecord& job, absl::Time now) {
  RunningJob running = Describe(job);
  absl::btree_map<RoomIndex::Site, uint32_t> places;
  for (const v1::Placement& placement : job.attempts(job.attempts_size() - 1).placements()) {
    ++places[rooms_.FindSite(placement.worker_id())];
  }
  running.places.assign(places.begin(), places.end());
  shares_.AddPast(running.tenant, running.need.cpus * running.ranks, running.need.gpus * running.ranks,
                  running.started, now, now);
  Count(running, true, now);
  running_.Add(std::move(running));
}

void Dispatcher::AttemptEnded(const v1::JobRecord& job, absl::Time now) {
  const RunningJob running = running_.Remove(job.sequence());
  if (running.sequence == 0) return;
  Count(running, false, now);
  for (const auto& [site, ranks] : running.places) BoundSite(site);
  changed_ = true;
}

void Dispatcher::AttemptEnding(uint64_t sequence) { running_.SetEnding(sequence); }

void Dispatcher::CountPast(const v1::JobRecord& job, absl::Time now) {
  const FairShare::Tenant tenant = shares_.Find(TenantOf(job.tenant()));
  if (job.attempts().empty()) return;
  const RankNeed need = NeedOf(job.spec());
  for (const v1::AttemptRecord& attempt : job.attempts()) {
    if (attempt.ended_unix_ms() == 0) continue;
    const uint64_t ranks = static_cast<uint64_t>(attempt.placements_size());
    shares_.AddPast(tenant, need.cpus * ranks, need.gpus * ranks,
                    absl::FromUnixMillis(attempt.started_unix_ms()),
                    absl::FromUnixMillis(attempt.ended_unix_ms()), now);
  }
}

void Dispatcher::WorkerOffers(const std::string& worker_id, const Room& whole, const Room& free,
                              const v1::WorkerOffer& offer) {
  const RoomIndex::Site site = rooms_.FindSite(worker_id);
  rooms_.SetSite(site, whole, free, offer);
  BoundSite(site);
  changed_ = true;
}

void Dispatcher::ArtifactAdded(const v1::ArtifactRecord& artifact) {
  shares_.AddStorage(shares_.Find(TenantOf(artifact.tenant())), artifact.size_bytes());
  ForgetHeads();
}

void Dispatcher::WorkerClosed(const std::string& worker_id) {
  const auto site = rooms_.KnownSite(worker_id);
  if (!site || !rooms_.site(*site).usable) return;
  rooms_.CloseSite(*site);
  changed_ = true;
}

// --- Reservations
// --------------------------------------------------------------------------------------------------

void Dispatcher::BoundSite(RoomIndex::Site site) {
  auto holder = holder_.find(site);
  if (holder == holder_.end()) return;
  rooms_.SetOpen(site, OpenToOthers(reservations_.at(holder->second), site, rooms_, running_));
}

void Dispatcher::Hold(Reservation reservation) {
  const uint64_t sequence = reservation.sequence;
  const std::vector<RoomIndex::Site> sites = reservation.sites();
  const Amount kept = AmountOf(reservation);
  shares_.Keep(reservation.tenant, kept.cpus, kept.gpus);
  ShareChanged(reservation.tenant);
  pending_.SetAside(sequence, true);
  reservations_.insert_or_assign(sequence, std::move(reservation));
  for (RoomIndex::Site site : sites) {
    holder_[site] = sequence;
    BoundSite(site);
  }
  ForgetHeads();
}

Amount Dispatcher::AmountOf(const Reservation& reservation) const {
  const Amount& need = rooms_.need(reservation.shape);
  uint64_t ranks = 0;
  for (const auto& [site, here] : reservation.ranks) ranks += here;
  return {need.gpus * ranks, need.cpus * ranks, need.memory_bytes * ranks};
}

void Dispatcher::Free(uint64_t sequence) {
  auto it = reservations_.find(sequence);
  if (it == reservations_.end()) return;
  for (RoomIndex::Site site : it->second.sites()) {
    holder_.erase(site);
    rooms_.ClearOpen(site);
  }
  const Amount kept = AmountOf(it->second);
  shares_.Unkeep(it->second.tenant, kept.cpus, kept.gpus);
  ShareChanged(it->second.tenant);
  pending_.SetAside(sequence, false);
  reservations_.erase(it);
  ForgetHeads();
}

Sites Dispatcher::Held(uint64_t but_not_for) const {
  Sites sites;
  for (const auto& [site, sequence] : holder_) {
    if (sequence != but_not_for) sites.insert(site);
  }
  return sites;
}

const Reservation* Dispatcher::FindReservation(uint64_t sequence) const {
  auto it = reservations_.find(sequence);
  return it == reservations_.end() ? nullptr : &it->second;
}

// --- Starting
// ------------------------------------------------------------------------------------------------------

uint32_t Dispatcher::Allowed(RoomIndex::ShapeId shape, FairShare::Tenant tenant, QueueTable::Queue queue,
                             uint32_t wanted, bool beside_kept) const {
  const Amount& need = rooms_.need(shape);
  return RanksAllowed(need.cpus, need.gpus, wanted, shares_, tenant, queues_, queue, beside_kept);
}

RoomIndex::Taste Dispatcher::TasteOf(const v1::JobRecord& job) const {
  RoomIndex::Taste taste;
  for (const v1::ResolvedInput& input : job.inputs()) {
    if (!input.artifact_id().empty()) taste.artifacts.push_back(input.artifact_id());
  }
  const auto& labels = job.spec().resources().preferred_labels();
  taste.labels.assign(labels.begin(), labels.end());
  std::sort(taste.labels.begin(), taste.labels.end());
  for (const v1::AttemptRecord& attempt : job.attempts()) {
    if (attempt.outcome() == v1::AttemptRecord::SUCCEEDED ||
        attempt.outcome() == v1::AttemptRecord::PREEMPTED)
      continue;
    for (const v1::Placement& placement : attempt.placements())
      taste.failed_on.push_back(placement.worker_id());
  }
  return taste;
}

std::vector<v1::Placement> Dispatcher::Place(const std::vector<Share>& shares, uint32_t ranks,
                                             const RankNeed& need) {
  std::vector<v1::Placement> placements;
  placements.reserve(ranks);
  for (const Share& share : shares) {
    const RoomIndex::SiteView& site = rooms_.site(share.worker);
    std::vector<std::string> devices;
    if (!need.device_target.empty()) {
      for (const v1::Device& device : site.devices) {
        if (devices.size() < share.ranks && device.target() == need.device_target) {
          devices.push_back(device.id());
        }
      }
    }
    for (uint32_t i = 0; i < share.ranks; ++i) {
      v1::Placement& placement = placements.emplace_back();
      placement.set_rank(static_cast<uint32_t>(placements.size() - 1));
      placement.set_worker_id(site.worker_id);
      if (i < devices.size()) placement.set_device_id(devices[i]);
    }
    rooms_.Take(share.worker, need, share.ranks, devices);
  }
  return placements;
}

bool Dispatcher::StartJob(uint64_t sequence, const std::vector<RoomIndex::Site>& own, absl::Time now,
                          Decisions& decisions) {
  const PendingJob job = *pending_.Find(sequence);
  const Shape shape = rooms_.shape(job.shape);
  const Amount need = rooms_.need(job.shape);
  const uint32_t wanted = Allowed(job.shape, job.tenant, job.queue, shape.max_ranks);
  if (wanted < shape.min_ranks) return false;
  const RoomIndex::Taste taste = job.has_taste ? TasteOf(*jobs_.Find(job.id)) : RoomIndex::Taste();
  const std::vector<Share> shares =
      policy_->Choose(shape.min_ranks, wanted, need, rooms_.FindCandidates(job.shape, wanted, taste, own));
  if (shares.empty()) return false;
  RunningJob running;
  running.sequence = sequence;
  running.id = job.id;
  running.level = job.level;
  running.tenant = job.tenant;
  running.queue = job.queue;
  running.need = need;
  running.started = now;
  if (shape.time_limit_seconds > 0)
    running.expected_end = now + absl::Seconds(shape.time_limit_seconds) + default_grace_;
  for (const Share& share : shares) {
    running.places.push_back({share.worker, share.ranks});
    running.ranks += share.ranks;
  }
  JobGone(sequence);
  Start& start = decisions.starts.emplace_back();
  start.job_id = job.id;
  start.placements = Place(shares, running.ranks, shape.need);
  Count(running, true, now);
  running_.Add(std::move(running));
  for (const Share& share : shares) BoundSite(share.worker);
  return true;
}

}  // namespace bonsai
