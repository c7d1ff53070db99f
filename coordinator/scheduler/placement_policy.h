// Which of the workers that have room a gang goes to. What must hold (labels, runners, room, excluded
// workers) was decided before: a policy chooses among workers that would all do.
//
// Pure: the same question gives the same answer, in whatever order the candidates come.
#ifndef BONSAI_COORDINATOR_SCHEDULER_PLACEMENT_POLICY_H_
#define BONSAI_COORDINATOR_SCHEDULER_PLACEMENT_POLICY_H_

#include <cstdint>
#include <memory>
#include <vector>

namespace bonsai {

// Cpus, memory and gpus.
struct Amount {
  uint64_t gpus = 0;
  uint64_t cpus = 0;
  uint64_t memory_bytes = 0;

  auto operator<=>(const Amount&) const = default;
};

// A worker that has room for at least one rank.
struct Candidate {
  uint32_t worker = 0;         // a number that stands for it; no two candidates share one
  uint32_t ranks = 1;          // that fit
  Amount free;                 // before anything of this gang is there
  uint32_t preferred = 0;      // preferred labels that it carries
  uint32_t cached = 0;         // of the job's inputs that are there already
  bool failed_before = false;  // an earlier attempt came to grief there
};

struct Share {
  uint32_t worker = 0;
  uint32_t ranks = 0;

  bool operator==(const Share&) const = default;
};

class PlacementPolicy {
 public:
  virtual ~PlacementPolicy() = default;

  // As many of the `wanted` ranks as fit, no share more than its candidate holds, no worker twice; empty if
  // that is fewer than `least`. `need` is what one rank takes. Ranks are numbered in the order of the shares.
  virtual std::vector<Share> Choose(uint32_t least, uint32_t wanted, const Amount& need,
                                    const std::vector<Candidate>& candidates) const = 0;
};

// Away from where it failed, to preferred labels, to its inputs; then where the least is left over, so that
// whole workers stay whole for gangs; a gang over as few workers as can be.
std::unique_ptr<PlacementPolicy> MakePackingPolicy();

// To the worker with the most left over, one rank after another: for workers whose ranks disturb each other.
std::unique_ptr<PlacementPolicy> MakeSpreadingPolicy();

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_PLACEMENT_POLICY_H_
