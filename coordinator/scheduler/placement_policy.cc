#include "coordinator/scheduler/placement_policy.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace bonsai {
namespace {

// The gang's size, or 0 if it does not fit.
uint32_t SizeOf(uint32_t least, uint32_t wanted, const std::vector<Candidate>& candidates) {
  uint64_t sum = 0;
  for (const Candidate& candidate : candidates) sum += candidate.ranks;
  return sum < least ? 0 : static_cast<uint32_t>(std::min<uint64_t>(sum, wanted));
}

// What comes before room. Smaller is better.
auto Taste(const Candidate& candidate) {
  return std::tuple(candidate.failed_before, ~candidate.preferred, ~candidate.cached);
}

// Where all that is missing fits, the smallest room; else the one that takes the most.
auto Badness(const Candidate& candidate, uint32_t ranks) {
  const uint32_t missing = ranks - std::min(candidate.ranks, ranks);
  return std::tuple(Taste(candidate), missing, candidate.free, candidate.worker);
}

class PackingPolicy : public PlacementPolicy {
 public:
  std::vector<Share> Choose(uint32_t least, uint32_t wanted, const Amount&,
                            const std::vector<Candidate>& candidates) const override {
    std::vector<Share> shares;
    std::vector<const Candidate*> left;
    for (const Candidate& candidate : candidates) left.push_back(&candidate);
    for (uint32_t ranks = SizeOf(least, wanted, candidates); ranks > 0;) {
      const auto better = [&](const Candidate* a, const Candidate* b) {
        return Badness(*a, ranks) < Badness(*b, ranks);
      };
      const auto best = std::min_element(left.begin(), left.end(), better);
      const uint32_t taken = std::min((*best)->ranks, ranks);
      shares.push_back({(*best)->worker, taken});
      ranks -= taken;
      *best = left.back();
      left.pop_back();
    }
    return shares;
  }
};

class SpreadingPolicy : public PlacementPolicy {
 public:
  std::vector<Share> Choose(uint32_t least, uint32_t wanted, const Amount& need,
                            const std::vector<Candidate>& candidates) const override {
    std::vector<Candidate> left = candidates;
    std::vector<Share> shares;
    for (uint32_t ranks = SizeOf(least, wanted, candidates); ranks > 0; --ranks) {
      const auto better = [](const Candidate& a, const Candidate& b) {
        if (a.ranks == 0 || b.ranks == 0) return a.ranks > b.ranks;
        return std::tuple(Taste(a), Amount(b.free), a.worker) <
               std::tuple(Taste(b), Amount(a.free), b.worker);
      };
      Candidate& best = *std::min_element(left.begin(), left.end(), better);
      --best.ranks;
      best.free.gpus -= std::min(best.free.gpus, need.gpus);
      best.free.cpus -= std::min(best.free.cpus, need.cpus);
      best.free.memory_bytes -= std::min(best.free.memory_bytes, need.memory_bytes);
      const auto known = std::find_if(shares.begin(), shares.end(),
                                      [&](const Share& share) { return share.worker == best.worker; });
      if (known == shares.end()) {
        shares.push_back({best.worker, 1});
      } else {
        ++known->ranks;
      }
    }
    return shares;
  }
};

}  // namespace

std::unique_ptr<PlacementPolicy> MakePackingPolicy() { return std::make_unique<PackingPolicy>(); }
std::unique_ptr<PlacementPolicy> MakeSpreadingPolicy() { return std::make_unique<SpreadingPolicy>(); }

}  // namespace bonsai
