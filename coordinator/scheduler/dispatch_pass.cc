// One pass of the Dispatcher over what changed.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/dispatcher.h"

namespace bonsai {
namespace {

constexpr int kBackfillsMax = 64;        // in one pass, onto held sites
constexpr size_t kReservationsMax = 16;  // of a family at a time, but for those that make others leave
constexpr size_t kPreemptorsMax = 64;    // of a shape, looked at in one pass
constexpr absl::Duration kPreemptAgain = absl::Seconds(1);
constexpr absl::Duration kPreemptAgainMax = absl::Seconds(10);  // where it was of no use again and again

// Jobs that need the same scarce thing share one reservation: what the one waits for would not help the
// other.
std::string FamilyOf(const RankNeed& need) {
  if (!need.device_target.empty()) return absl::StrCat("device ", need.device_target);
  return need.gpus > 0 ? "gpu" : "cpu";
}

}  // namespace

Decisions Dispatcher::Decide(absl::Time now) {
  Decisions decisions;
  if (!changed_ && now < NextLook()) return decisions;
  ForgetHeads();
  if (!pending_.empty()) {
    DropStaleReservations();
    StartHolders(now, decisions);
    StartInOrder(now, decisions);
    Backfill(now, decisions);
    Preempt(now, decisions);
  }
  order_known_ = false;
  changed_ = false;
  return decisions;
}

absl::Time Dispatcher::NextLook() const {
  if (pending_.empty() || running_.staying().empty()) return absl::InfiniteFuture();
  const bool some_outranked = running_.staying().begin()->level < preempt_looks_.rbegin()->first.first;
  return some_outranked ? preempt_due_ : absl::InfiniteFuture();
}

const TenantOrder& Dispatcher::OrderOf(absl::Time now) {
  if (!order_known_) order_.Reset(shares_, now);
  order_known_ = true;
  return order_;
}

const PendingQueue::Head& Dispatcher::HeadOf(RoomIndex::ShapeId shape, absl::Time now) {
  const HeadKnown wanted = rooms_.Fits(shape) ? kToStart : kToReserve;
  if (heads_known_[shape] != wanted) {
    const uint32_t least = rooms_.shape(shape).min_ranks;
    heads_[shape] =
        pending_.First(shape, OrderOf(now), [&](FairShare::Tenant tenant, QueueTable::Queue queue) {
          return Allowed(shape, tenant, queue, least, wanted == kToReserve) >= least;
        });
    heads_known_[shape] = wanted;
  }
  return heads_[shape];
}

PendingQueue::Head Dispatcher::FirstThatFits(absl::Time now) {
  PendingQueue::Head best;
  for (RoomIndex::ShapeId shape : pending_.shapes()) {
    if (!rooms_.Fits(shape)) continue;
    const PendingQueue::Head& head = HeadOf(shape, now);
    if (head.job != nullptr && (best.job == nullptr || head.place < best.place)) best = head;
  }
  return best;
}

void Dispatcher::DropStaleReservations() {
  std::vector<uint64_t> stale;
  for (const auto& [sequence, reservation] : reservations_) {
    bool holds = true;
    bool leaving = false;
    for (const auto& [site, ranks] : reservation.ranks) {
      holds &= rooms_.RanksOnWhole(reservation.shape, site) >= ranks;
      if (!reservation.evicts) continue;
      for (const RunningTable::Stay& stay : running_.OnSite(site)) {
        leaving |= running_.Find(stay.sequence)->ending;
      }
    }
    if (reservation.evicts && !leaving) {
      // All have left: it starts now, or never will there.
      uint64_t fit = rooms_.RanksOpen(reservation.shape);
      for (const auto& [site, ranks] : reservation.ranks) {
        fit += rooms_.RanksIn(reservation.shape, site, rooms_.site(site).free);
        fit -= rooms_.RanksIn(reservation.shape, site, rooms_.site(site).open);
      }
      holds &= fit >= rooms_.shape(reservation.shape).min_ranks;
    }
    if (!holds) stale.push_back(sequence);
  }
  for (uint64_t sequence : stale) Free(sequence);
}

void Dispatcher::StartHolders(absl::Time now, Decisions& decisions) {
  std::vector<uint64_t> holders;
  for (const auto& [sequence, reservation] : reservations_) holders.push_back(sequence);
  std::sort(holders.begin(), holders.end(), [&](uint64_t a, uint64_t b) {
    return std::tuple(reservations_.at(b).level, a) < std::tuple(reservations_.at(a).level, b);
  });
  for (uint64_t sequence : holders) {
    const Reservation& reservation = reservations_.at(sequence);
    uint64_t fit = rooms_.RanksOpen(reservation.shape);
    for (const auto& [site, ranks] : reservation.ranks) {
      fit += rooms_.RanksIn(reservation.shape, site, rooms_.site(site).free);
      fit -= rooms_.RanksIn(reservation.shape, site, rooms_.site(site).open);
    }
    if (fit < rooms_.shape(reservation.shape).min_ranks) continue;
    // What fits and may not start waits for a quota: room is not kept for that.
    if (!StartJob(sequence, reservation.sites(), now, decisions)) Free(sequence);
    ForgetHeads();
  }
}

void Dispatcher::StartInOrder(absl::Time now, Decisions& decisions) {
  absl::btree_set<RoomIndex::ShapeId> passed_over;
  while (true) {
    const PendingQueue::Head best = FirstThatFits(now);
    if (best.job == nullptr) return;
    if (ReserveForBlocked(now, best, passed_over)) continue;
    const RoomIndex::ShapeId shape = best.job->shape;
    const FairShare::Tenant tenant = best.job->tenant;
    // It fits by the counts; where it does not after all (never seen), looking on would not end.
    if (!StartJob(best.job->sequence, {}, now, decisions)) return;
    heads_known_[shape] = kUnknown;
    for (RoomIndex::ShapeId other : pending_.shapes()) {
      // The tenant's share and quotas have changed; a quota of the queue may bind any other.
      if (heads_known_[other] == kUnknown) continue;
      if (heads_[other].job == nullptr || heads_[other].tenant == tenant || heads_[other].queue != 0) {
        heads_known_[other] = kUnknown;
      }
    }
  }
}

bool Dispatcher::ReserveForBlocked(absl::Time now, const PendingQueue::Head& best,
                                   absl::btree_set<RoomIndex::ShapeId>& passed_over) {
  while (true) {
    PendingQueue::Head first;
    for (RoomIndex::ShapeId shape : pending_.shapes()) {
      if (rooms_.Fits(shape) || !rooms_.CouldFit(shape) || passed_over.contains(shape)) continue;
      const PendingQueue::Head& head = HeadOf(shape, now);
      if (head.job == nullptr || !(head.place < best.place)) continue;
      if (first.job == nullptr || head.place < first.place) first = head;
    }
    if (first.job == nullptr) return false;
    if (MayReserve(*first.job, *best.job)) {
      auto reservation = Reserve(*first.job, rooms_, running_, Held(first.job->sequence), now);
      if (reservation) {
        Hold(*std::move(reservation));
        return true;
      }
    }
    passed_over.insert(first.job->shape);
  }
}

bool Dispatcher::MayReserve(const PendingJob& job, const PendingJob& best) {
  const std::string family = FamilyOf(rooms_.shape(job.shape).need);
  std::vector<uint64_t> lower;
  size_t others = 0;
  for (const auto& [sequence, reservation] : reservations_) {
    if (reservation.evicts || FamilyOf(rooms_.shape(reservation.shape).need) != family) continue;
    if (reservation.level < job.level) {
      lower.push_back(sequence);
    } else {
      ++others;
    }
  }
  // Who has one keeps it while shares and submissions come and go; only a higher level takes it.
  for (uint64_t sequence : lower) Free(sequence);
  if (others == 0) return true;
  return others < kReservationsMax && job.level == best.level && job.tenant != best.tenant;
}

void Dispatcher::Backfill(absl::Time now, Decisions& decisions) {
  int left = kBackfillsMax;
  std::vector<uint64_t> holders;
  for (const auto& [sequence, reservation] : reservations_) {
    if (!reservation.evicts && reservation.fits_at != absl::InfiniteFuture()) holders.push_back(sequence);
  }
  for (uint64_t holder : holders) {
    const Reservation reservation = reservations_.at(holder);
    const std::vector<RoomIndex::ShapeId> shapes(pending_.shapes().begin(), pending_.shapes().end());
    for (RoomIndex::ShapeId shape : shapes) {
      const uint32_t limit = rooms_.shape(shape).time_limit_seconds;
      if (limit == 0 || now + absl::Seconds(limit) + default_grace_ > reservation.fits_at) continue;
      while (left > 0 && pending_.shapes().contains(shape)) {
        const PendingQueue::Head head = HeadOf(shape, now);
        if (head.job == nullptr) break;
        uint64_t fit = rooms_.RanksOpen(shape);
        for (const auto& [site, ranks] : reservation.ranks) {
          fit += rooms_.RanksIn(shape, site, rooms_.site(site).free);
          fit -= rooms_.RanksIn(shape, site, rooms_.site(site).open);
        }
        if (fit < rooms_.shape(shape).min_ranks) break;
        if (!StartJob(head.job->sequence, reservation.sites(), now, decisions)) break;
        ForgetHeads();
        --left;
      }
    }
  }
}

void Dispatcher::Preempt(absl::Time now, Decisions& decisions) {
  if (now < preempt_due_) return;
  preempt_due_ = absl::InfiniteFuture();
  std::vector<std::pair<Level, RoomIndex::ShapeId>> keys;
  for (const auto& [key, look] : preempt_looks_) keys.push_back(key);
  for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
    PreemptLook& look = preempt_looks_.at(*key);
    if (look.due <= now) {
      absl::Time next = absl::InfiniteFuture();
      if (pending_.Some(key->second, key->first, 1).empty()) {
        preempt_looks_.erase(*key);
        continue;
      }
      const bool useful = PreemptForShape(key->first, key->second, now, next, decisions);
      look.wait =
          useful ? absl::ZeroDuration() : std::min(std::max(look.wait * 2, kPreemptAgain), kPreemptAgainMax);
      look.due = std::min(next, now + std::max(look.wait, kPreemptAgain));
    }
    preempt_due_ = std::min(preempt_due_, look.due);
  }
}

bool Dispatcher::PreemptForShape(Level level, RoomIndex::ShapeId shape, absl::Time now, absl::Time& next,
                                 Decisions& decisions) {
  if (!rooms_.CouldFit(shape)) return false;
  for (const PendingJob* job : pending_.Some(shape, level, kPreemptorsMax)) {
    if (running_.staying().empty() || !(running_.staying().begin()->level < level)) return false;
    const Reservation* held = FindReservation(job->sequence);
    if (held != nullptr && held->evicts) continue;
    if (job->since + preempt_after_ > now) {
      next = std::min(next, job->since + preempt_after_);
    } else if (!PreemptFor(*job, now, decisions)) {
      return false;
    }
  }
  return true;
}

bool Dispatcher::PreemptFor(const PendingJob& job, absl::Time now, Decisions& decisions) {
  const uint32_t least = rooms_.shape(job.shape).min_ranks;
  if (Allowed(job.shape, job.tenant, job.queue, least) < least) return false;
  std::optional<Reservation> before;
  if (const Reservation* held = FindReservation(job.sequence)) before = *held;
  Free(job.sequence);
  const auto eviction = Evict(job, rooms_, running_, Held(job.sequence), now);
  if (!eviction) {
    if (before) Hold(*std::move(before));
    return false;
  }
  for (uint64_t victim : eviction->victims) {
    running_.SetEnding(victim);
    decisions.leaves.push_back({running_.Find(victim)->id, absl::StrCat("makes room for ", job.id)});
  }
  Hold(eviction->reservation);
  return true;
}

std::string Dispatcher::DescribeWait(const v1::JobRecord& job) const {
  const PendingJob* pending = pending_.Find(job.sequence());
  if (pending == nullptr) return "";
  const Amount& need = rooms_.need(pending->shape);
  const uint32_t least = rooms_.shape(pending->shape).min_ranks;
  std::string bound =
      DescribeBound(need.cpus * least, need.gpus * least, shares_, pending->tenant, queues_, pending->queue);
  if (!bound.empty()) return bound;
  const Reservation* held = FindReservation(job.sequence());
  if (held == nullptr) return "";
  std::vector<std::string> workers;
  for (RoomIndex::Site site : held->sites()) workers.push_back(rooms_.site(site).worker_id);
  return absl::StrCat(held->evicts ? "others are leaving for it: " : "", "room is kept for it on ",
                      workers[0],
                      workers.size() == 1 ? "" : absl::StrCat(" and ", workers.size() - 1, " more"));
}

}  // namespace bonsai
