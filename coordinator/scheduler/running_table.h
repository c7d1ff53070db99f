// What runs, as far as starting others is concerned: what each attempt holds where, until when it is expected
// to, and which of them could be made to leave.
//
// Held by the Dispatcher; single-threaded.
#ifndef BONSAI_COORDINATOR_SCHEDULER_RUNNING_TABLE_H_
#define BONSAI_COORDINATOR_SCHEDULER_RUNNING_TABLE_H_

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/inlined_vector.h"
#include "absl/container/node_hash_map.h"
#include "absl/time/time.h"
#include "coordinator/scheduler/pending_queue.h"

namespace bonsai {

struct RunningJob {
  uint64_t sequence = 0;
  std::string id;
  Level level;
  FairShare::Tenant tenant = 0;
  QueueTable::Queue queue = 0;
  Amount need;                                                          // of one rank
  absl::InlinedVector<std::pair<RoomIndex::Site, uint32_t>, 2> places;  // and how many ranks are there
  uint32_t ranks = 0;
  absl::Time started;
  absl::Time expected_end = absl::InfiniteFuture();  // not known
  bool ending = false;                               // its ranks were asked to leave, or are leaving
};

class RunningTable {
 public:
  // Lower levels first, and of a level the youngest first: the order in which they are made to leave.
  struct Rank {
    Level level;
    absl::Time started;
    uint64_t sequence = 0;

    bool operator<(const Rank& other) const {
      return std::tuple(level, other.started, other.sequence) < std::tuple(other.level, started, sequence);
    }
  };

  // What a job holds on one worker: all that a search over many workers asks, without a look-up for each.
  struct Stay {
    uint64_t sequence = 0;
    Amount held;  // by all its ranks there
    absl::Time started;
    absl::Time expected_end;
  };

  void Add(RunningJob job);
  // What it was; nullptr-like (sequence 0) if it is not there.
  RunningJob Remove(uint64_t sequence);
  void SetEnding(uint64_t sequence);

  const RunningJob* Find(uint64_t sequence) const;
  size_t size() const { return jobs_.size(); }
  // In the order in which they are expected to end, the one that started first first where that is not known.
  const std::vector<Stay>& OnSite(RoomIndex::Site site) const;
  // Those that are not ending.
  const absl::btree_set<Rank>& staying() const { return staying_; }

 private:
  void AddStay(RoomIndex::Site site, const Stay& stay);

  absl::node_hash_map<uint64_t, RunningJob> jobs_;
  std::vector<std::vector<Stay>> by_site_;
  absl::btree_set<Rank> staying_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_RUNNING_TABLE_H_
