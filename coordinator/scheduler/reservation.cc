#include "coordinator/scheduler/reservation.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace bonsai {
namespace {

using Site = RoomIndex::Site;

// Of running jobs in one search for victims: a bound on its time, not on what it finds in any real cluster.
constexpr size_t kLookedAtMax = 20000;
constexpr size_t kChosenMax = 4096;

void Add(Amount& amount, const Amount& more, uint64_t times) {
  amount.gpus += more.gpus * times;
  amount.cpus += more.cpus * times;
  amount.memory_bytes += more.memory_bytes * times;
}

void Subtract(Amount& amount, const Amount& less, uint64_t times) {
  amount.gpus -= std::min(amount.gpus, less.gpus * times);
  amount.cpus -= std::min(amount.cpus, less.cpus * times);
  amount.memory_bytes -= std::min(amount.memory_bytes, less.memory_bytes * times);
}

// So many more ranks of the waiting job fit on the site at that time.
struct Opening {
  absl::Time time;
  size_t ends;  // how many jobs must end there first: where times are not known, the fewer the sooner
  Site site;
  uint32_t ranks;

  bool operator<(const Opening& other) const {
    return std::tie(time, ends, site, ranks) < std::tie(other.time, other.ends, other.site, other.ranks);
  }
};

// The first so many openings of all, in order: each holds one rank at least, so that no more are needed.
class FirstOpenings {
 public:
  explicit FirstOpenings(size_t most) : most_(most) {}

  // Whether an opening that is not before this one could be among them.
  bool Takes(const Opening& opening) const { return found_.size() < most_ || opening < found_.front(); }
  void Add(const Opening& opening) {
    if (!Takes(opening)) return;
    if (found_.size() == most_) {
      std::pop_heap(found_.begin(), found_.end());
      found_.pop_back();
    }
    found_.push_back(opening);
    std::push_heap(found_.begin(), found_.end());
  }
  std::vector<Opening> Take() {
    std::sort_heap(found_.begin(), found_.end());
    return std::move(found_);
  }

 private:
  const size_t most_;
  std::vector<Opening> found_;  // a heap: the last one first
};

// When how many ranks fit on the site, as what runs there ends.
void AddOpenings(const PendingJob& job, Site site, const RoomIndex& rooms, const RunningTable& running,
                 absl::Time now, FirstOpenings& openings) {
  const uint32_t most = rooms.RanksOnWhole(job.shape, site);
  if (most == 0) return;
  Amount free = rooms.site(site).free;
  uint32_t fit = rooms.RanksIn(job.shape, site, free);
  if (fit > 0) openings.Add({now, 0, site, fit});
  size_t ended = 0;
  // By when they end, so that no later opening of the site comes before an earlier one.
  for (const RunningTable::Stay& ending : running.OnSite(site)) {
    const absl::Time ends = std::max(ending.expected_end, now);
    ++ended;
    if (fit >= most || !openings.Takes({ends, ended, site, 0})) return;
    Add(free, ending.held, 1);
    const uint32_t more = std::min(rooms.RanksIn(job.shape, site, free), most);
    if (more > fit) openings.Add({ends, ended, site, more - fit});
    fit = std::max(fit, more);
  }
  // Its devices, or processes that no attempt has: when they go is not known.
  if (fit < most) openings.Add({absl::InfiniteFuture(), ended + 1, site, most - fit});
}

}  // namespace

std::vector<Site> Reservation::sites() const {
  std::vector<Site> sites;
  for (const auto& [site, count] : ranks) sites.push_back(site);
  return sites;
}

std::optional<Reservation> Reserve(const PendingJob& job, const RoomIndex& rooms, const RunningTable& running,
                                   const Sites& taken, absl::Time now) {
  const uint32_t least = rooms.shape(job.shape).min_ranks;
  uint64_t elsewhere = rooms.RanksWhole(job.shape);
  for (Site site : taken) elsewhere -= rooms.RanksOnWhole(job.shape, site);
  if (elsewhere < least) return std::nullopt;
  FirstOpenings openings(least);
  auto next_taken = taken.begin();
  for (Site site = 0; site < rooms.size(); ++site) {
    while (next_taken != taken.end() && *next_taken < site) ++next_taken;
    if (!rooms.site(site).usable || (next_taken != taken.end() && *next_taken == site)) continue;
    AddOpenings(job, site, rooms, running, now, openings);
  }
  Reservation reservation;
  reservation.sequence = job.sequence;
  reservation.shape = job.shape;
  reservation.level = job.level;
  reservation.tenant = job.tenant;
  reservation.made = now;
  uint32_t missing = least;
  for (const Opening& opening : openings.Take()) {
    const uint32_t ranks = std::min(missing, opening.ranks);
    reservation.ranks[opening.site] += ranks;
    reservation.fits_at = opening.time;
    missing -= ranks;
    if (missing == 0) return reservation;
  }
  return std::nullopt;
}

Amount OpenToOthers(const Reservation& reservation, Site site, const RoomIndex& rooms,
                    const RunningTable& running) {
  const bool known = reservation.fits_at != absl::InfiniteFuture();
  // Where it is not known when what runs there ends, whatever ends first makes room for the reservation.
  Amount open = known || reservation.evicts ? rooms.site(site).whole : rooms.site(site).free;
  Subtract(open, rooms.need(reservation.shape), reservation.ranks.at(site));
  if (!known && !reservation.evicts) return open;
  for (const RunningTable::Stay& stay : running.OnSite(site)) {
    const bool stays =
        reservation.evicts ? !running.Find(stay.sequence)->ending : stay.expected_end > reservation.fits_at;
    if (stays) Subtract(open, stay.held, 1);
  }
  return open;
}

bool Outranks(const PendingJob& job, const RunningJob& other) {
  if (job.level.queue_priority != other.level.queue_priority) {
    return job.level.queue_priority > other.level.queue_priority;
  }
  return job.queue == other.queue && job.level.job_priority > other.level.job_priority;
}

namespace {

// What would be free if the chosen victims were gone, and how many ranks would fit then.
class Clearing {
 public:
  Clearing(const PendingJob& job, const RoomIndex& rooms, const Sites& taken)
      : job_(job), rooms_(rooms), taken_(taken), fit_(rooms.RanksOpen(job.shape)) {}

  bool Touches(const RunningJob& victim) const {
    return std::any_of(victim.places.begin(), victim.places.end(), [&](const auto& place) {
      return !taken_.contains(place.first) && rooms_.RanksOnWhole(job_.shape, place.first) > 0;
    });
  }
  void Leave(const RunningJob& victim) { Change(victim, true); }
  void Stay(const RunningJob& victim) { Change(victim, false); }
  uint64_t fit() const { return fit_; }
  const absl::btree_map<Site, Amount>& cleared() const { return cleared_; }

 private:
  void Change(const RunningJob& victim, bool leaves) {
    for (const auto& [site, ranks] : victim.places) {
      if (taken_.contains(site)) continue;
      Amount& amount = cleared_.try_emplace(site, rooms_.site(site).open).first->second;
      fit_ -= rooms_.RanksIn(job_.shape, site, amount);
      leaves ? Add(amount, victim.need, ranks) : Subtract(amount, victim.need, ranks);
      fit_ += rooms_.RanksIn(job_.shape, site, amount);
    }
  }

  const PendingJob& job_;
  const RoomIndex& rooms_;
  const Sites& taken_;
  uint64_t fit_;
  absl::btree_map<Site, Amount> cleared_;
};

// Where the job is to start: where room was cleared, then where it was open.
bool SettleOn(const Clearing& clearing, const PendingJob& job, const RoomIndex& rooms, const Sites& taken,
              Reservation& reservation) {
  std::vector<std::pair<uint32_t, Site>> fits;
  for (const auto& [site, amount] : clearing.cleared())
    fits.push_back({rooms.RanksIn(job.shape, site, amount), site});
  std::stable_sort(fits.begin(), fits.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const Candidate& candidate :
       rooms.FindCandidates(job.shape, rooms.shape(job.shape).min_ranks, {}, {})) {
    if (!clearing.cleared().contains(candidate.worker) && !taken.contains(candidate.worker)) {
      fits.push_back({candidate.ranks, candidate.worker});
    }
  }
  uint32_t missing = rooms.shape(job.shape).min_ranks;
  for (const auto& [ranks, site] : fits) {
    const uint32_t here = std::min(missing, ranks);
    if (here > 0) reservation.ranks[site] = here;
    missing -= here;
  }
  return missing == 0;
}

}  // namespace

std::optional<Eviction> Evict(const PendingJob& job, const RoomIndex& rooms, const RunningTable& running,
                              const Sites& taken, absl::Time now) {
  const uint32_t needed = rooms.shape(job.shape).min_ranks;
  Clearing clearing(job, rooms, taken);
  std::vector<const RunningJob*> chosen;
  size_t looked_at = 0;
  for (const RunningTable::Rank& rank : running.staying()) {
    if (clearing.fit() >= needed || !(rank.level < job.level)) break;
    if (++looked_at > kLookedAtMax || chosen.size() > kChosenMax) break;
    const RunningJob& victim = *running.Find(rank.sequence);
    if (!Outranks(job, victim) || !clearing.Touches(victim)) continue;
    clearing.Leave(victim);
    chosen.push_back(&victim);
  }
  if (clearing.fit() < needed) return std::nullopt;
  Eviction eviction;
  // The dearest first: those without which it fits as well may stay.
  for (auto victim = chosen.rbegin(); victim != chosen.rend(); ++victim) {
    clearing.Stay(**victim);
    if (clearing.fit() >= needed) continue;
    clearing.Leave(**victim);
    eviction.victims.push_back((*victim)->sequence);
  }
  std::reverse(eviction.victims.begin(), eviction.victims.end());
  Reservation& reservation = eviction.reservation;
  reservation.sequence = job.sequence;
  reservation.shape = job.shape;
  reservation.level = job.level;
  reservation.tenant = job.tenant;
  reservation.made = now;
  reservation.evicts = true;
  if (!SettleOn(clearing, job, rooms, taken, reservation)) return std::nullopt;
  return eviction;
}

}  // namespace bonsai
