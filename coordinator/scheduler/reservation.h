// Room that is kept for a job that does not fit yet: on the workers on which it will fit soonest, or on those
// that others were made to leave for it. Jobs behind it may use what it leaves over, and on top what they
// give back before it could start; where nobody knows when that is, what comes free is the reservation's
// first. It stays on the same workers until the job starts, so that it starts however many small jobs come.
//
// Pure functions over the Dispatcher's tables.
#ifndef BONSAI_COORDINATOR_SCHEDULER_RESERVATION_H_
#define BONSAI_COORDINATOR_SCHEDULER_RESERVATION_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/time/time.h"
#include "coordinator/scheduler/pending_queue.h"
#include "coordinator/scheduler/room_index.h"
#include "coordinator/scheduler/running_table.h"

namespace bonsai {

using Sites = absl::btree_set<RoomIndex::Site>;

struct Reservation {
  uint64_t sequence = 0;  // of the job
  RoomIndex::ShapeId shape = 0;
  Level level;
  absl::btree_map<RoomIndex::Site, uint32_t> ranks;  // where it is to start, and how many of its ranks
  absl::Time made;
  absl::Time fits_at = absl::InfiniteFuture();  // expected; InfiniteFuture: not known
  bool evicts = false;                          // others were asked to leave for it; nobody else will
  FairShare::Tenant tenant = 0;                 // of the job

  std::vector<RoomIndex::Site> sites() const;
};

// For the smallest size of the job, on sites that are not `taken`. Empty if idle workers would not hold it.
std::optional<Reservation> Reserve(const PendingJob& job, const RoomIndex& rooms, const RunningTable& running,
                                   const Sites& taken, absl::Time now);

// What others may use of a site of the reservation, beside what is held there already.
Amount OpenToOthers(const Reservation& reservation, RoomIndex::Site site, const RoomIndex& rooms,
                    const RunningTable& running);

struct Eviction {
  std::vector<uint64_t> victims;  // sequences
  Reservation reservation;        // of the room that they leave
};

// The cheapest jobs without which it would fit: of the lowest level, and of those the youngest. Only jobs of
// a queue of lower priority, or with a lower priority of the same queue. Empty if it would not fit even so.
// Sites that are `taken` are left alone.
std::optional<Eviction> Evict(const PendingJob& job, const RoomIndex& rooms, const RunningTable& running,
                              const Sites& taken, absl::Time now);

// Whether `job` may make `other` leave.
bool Outranks(const PendingJob& job, const RunningJob& other);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_RESERVATION_H_
