// Which rank keeps the optimizer's moments of which parameters, and updates these (ZeRO-1, Rajbhandari et al.
// 2020). A matrix that Muon updates is one rank's as a whole; the rest is cut so that ranks have about the
// same to do.
//
// Made by a training run, the same on every rank. Immutable; safe for concurrent use.
#ifndef BONSAI_WORKER_TRAIN_SHARD_MAP_H_
#define BONSAI_WORKER_TRAIN_SHARD_MAP_H_

#include <cstdint>
#include <vector>

#include "bonsai/v1/spec.pb.h"
#include "worker/train/flat_range.h"
#include "worker/train/parameter_layout.h"

namespace bonsai {

// A tensor is cut only at multiples of so many values from its begin.
inline constexpr int64_t kShardUnit = 1024;

// Whether Muon, if the spec asks for it, updates this tensor.
bool IsMuons(const ParameterBlock& block);

class ShardMap {
 public:
  // `ranks` is 1 or more.
  ShardMap(const ParameterLayout& layout, const v1::Optimizer& optimizer, int ranks);

  // All values in order, without gaps; neighbours have different owners.
  const std::vector<OwnedRange>& ranges() const { return ranges_; }

  // A rank's, in order. May be none where there is less to cut than ranks.
  std::vector<FlatRange> RangesOf(int rank) const;

 private:
  std::vector<OwnedRange> ranges_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_SHARD_MAP_H_
