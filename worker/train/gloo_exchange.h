// Sums and copies by messages between two ranks over Gloo: for RankGroup, which says who is gone when
// something here throws. All ranks use these in the same order, one at a time.
#ifndef BONSAI_WORKER_TRAIN_GLOO_EXCHANGE_H_
#define BONSAI_WORKER_TRAIN_GLOO_EXCHANGE_H_

#include <memory>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "absl/types/span.h"
#include "worker/train/flat_range.h"
#include "worker/train/gloo_sum.h"
#include "worker/train/rank_group.h"

namespace bonsai {

// RankGroup::SumInTree.
void SumInTree(c10d::ProcessGroupGloo& gloo, absl::Span<float> values, int working);
void SumInTree(c10d::ProcessGroupGloo& gloo, absl::Span<double> values, int working);

// A sum to owners (RankGroup::BeginSumToOwners), done by a thread of its own. Memory: for each other rank
// that works, two slices of at most 4 MiB.
std::unique_ptr<SumUnderWay> BeginOwnerSum(c10d::ProcessGroupGloo& gloo, absl::Span<float> values,
                                           absl::Span<const OwnedRange> ranges, int working, Attempt attempt);

// RankGroup::ShareFromOwners.
void ShareFromOwners(c10d::ProcessGroupGloo& gloo, absl::Span<float> values,
                     absl::Span<const OwnedRange> ranges);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_GLOO_EXCHANGE_H_
