// Sums to every rank by Gloo's all-reduces: for RankGroup, which says who is gone when something here throws.
// All ranks use these in the same order, one at a time.
#ifndef BONSAI_WORKER_TRAIN_GLOO_SUM_H_
#define BONSAI_WORKER_TRAIN_GLOO_SUM_H_

#include <functional>
#include <memory>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "worker/train/rank_group.h"

namespace bonsai {

// Calls what may throw, and makes a status of that.
using Attempt = std::function<absl::Status(const std::function<void()>&)>;

// A sum to everyone: an all-reduce for each bucket of the values, done by Gloo's own thread. The buckets do
// not depend on when values become final, so neither do the bits.
std::unique_ptr<SumUnderWay> BeginBucketSum(c10d::ProcessGroupGloo& gloo, absl::Span<float> values,
                                            Attempt attempt);

// The same, all at once.
void SumBuckets(c10d::ProcessGroupGloo& gloo, absl::Span<float> values);
void SumBuckets(c10d::ProcessGroupGloo& gloo, absl::Span<double> values);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_GLOO_SUM_H_
