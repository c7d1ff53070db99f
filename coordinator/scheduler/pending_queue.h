// The jobs that wait for nothing but room, in the order in which they are to start: by the priority of their
// queue, their own priority, their tenant's fair share, and then as they were submitted. Kept by shape, so
// that all jobs of a shape that does not fit are passed over at once.
//
// Held by the Dispatcher; single-threaded.
#ifndef BONSAI_COORDINATOR_SCHEDULER_PENDING_QUEUE_H_
#define BONSAI_COORDINATOR_SCHEDULER_PENDING_QUEUE_H_

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/node_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "coordinator/scheduler/fair_share.h"
#include "coordinator/scheduler/queue_table.h"
#include "coordinator/scheduler/room_index.h"
#include "coordinator/scheduler/tenant_order.h"

namespace bonsai {

// Higher ones go first.
struct Level {
  int32_t queue_priority = 0;
  int32_t job_priority = 0;

  auto operator<=>(const Level&) const = default;
};

struct PendingJob {
  uint64_t sequence = 0;
  std::string id;
  RoomIndex::ShapeId shape = 0;
  Level level;
  FairShare::Tenant tenant = 0;
  QueueTable::Queue queue = 0;
  absl::Time since;        // it waits for room
  bool aside = false;      // room is kept for it: First passes over it
  bool has_taste = false;  // some workers may suit it better than others that have room
};

class PendingQueue {
 public:
  // Where a job stands; smaller goes first.
  struct Place {
    Level level;
    double share = 0;  // of its tenant
    uint64_t sequence = 0;

    bool operator<(const Place& other) const {
      return std::tuple(other.level, share, sequence) < std::tuple(level, other.share, other.sequence);
    }
  };
  struct Head {
    const PendingJob* job = nullptr;  // nullptr: none
    Place place;
    FairShare::Tenant tenant = 0;  // the job's, as its queue: without a look at the job
    QueueTable::Queue queue = 0;
  };
  // Whether one of the tenant's jobs of the shape may start in the queue at all now.
  using Allows = absl::FunctionRef<bool(FairShare::Tenant, QueueTable::Queue)>;

  void Put(const PendingJob& job);
  // False if it is not there.
  bool Remove(uint64_t sequence);
  const PendingJob* Find(uint64_t sequence) const;
  void SetAside(uint64_t sequence, bool aside);
  size_t size() const { return jobs_.size(); }
  bool empty() const { return jobs_.empty(); }
  // The shapes that have jobs, by number.
  const absl::btree_set<RoomIndex::ShapeId>& shapes() const { return shapes_; }

  // The first of a shape's jobs that quotas allow and that is not set aside.
  Head First(RoomIndex::ShapeId shape, const TenantOrder& order, Allows allows) const;
  // The first `most` of a shape's jobs of a level, set aside or not, by tenant and queue and then sequence.
  std::vector<const PendingJob*> Some(RoomIndex::ShapeId shape, Level level, size_t most) const;

 private:
  struct Descending {
    Level level;
    bool operator<(const Descending& other) const { return other.level < level; }
  };
  using Party = std::pair<FairShare::Tenant, QueueTable::Queue>;
  // A party's jobs of a level. Its first is kept beside them, for that is what a search looks at in every
  // one.
  struct Line {
    absl::btree_map<uint64_t, const PendingJob*> jobs;  // by sequence
    const PendingJob* first = nullptr;                  // that is not set aside; nullptr: none
    uint64_t first_sequence = 0;

    void FindFirst();
  };
  using Parties = absl::btree_map<Party, Line>;
  using ShapeQueue = absl::btree_map<Descending, Parties>;

  // The first of a level. Of a great many parties only those of the first tenants are looked at, while there
  // are no more of these than parties.
  static Head FirstOf(Level level, const Parties& parties, const TenantOrder& order, Allows allows);

  absl::node_hash_map<uint64_t, PendingJob> jobs_;  // by sequence
  std::vector<ShapeQueue> queues_;                  // by shape
  absl::btree_set<RoomIndex::ShapeId> shapes_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_PENDING_QUEUE_H_
