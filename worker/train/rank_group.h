// The ranks of an attempt, met: sums over all of them, and a word from rank 0 to the others. Gloo over
// loopback, found through files in the attempt's rendezvous folder; or, for ranks that share none, over the
// network, found through the rendezvous server that the task names. A group of one needs none of this and
// computes nothing.
//
// Every rank calls Sum and FromRankZero in the same order, one thread at a time. The others wait for nobody,
// and any thread may call them at any time.
#ifndef BONSAI_WORKER_TRAIN_RANK_GROUP_H_
#define BONSAI_WORKER_TRAIN_RANK_GROUP_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "bonsai/v1/runner.pb.h"

namespace bonsai {

class RankGroup {
 public:
  // Meets the other ranks of the task. `timeout` bounds this and each later call. Errors: InvalidArgument
  // (rank not below ranks, no rendezvous_dir); Unavailable names the ranks that are gone or never came.
  static absl::StatusOr<std::unique_ptr<RankGroup>> Join(const v1::Task& task, absl::Duration timeout);

  virtual ~RankGroup() = default;

  virtual int rank() const = 0;
  virtual int ranks() const = 0;

  // Replaces each value by its sum over all ranks: the same bits on every rank, and the same for the same
  // number of ranks. Unavailable as above.
  virtual absl::Status Sum(absl::Span<float> values) = 0;
  virtual absl::Status Sum(absl::Span<double> values) = 0;

  // The same for the first `working` ranks alone, a power of two: in a tree whose left and right halves are
  // the lower and the upper half of them. The others' values are replaced by that sum.
  virtual absl::Status SumInTree(absl::Span<float> values, int working) = 0;
  virtual absl::Status SumInTree(absl::Span<double> values, int working) = 0;

  // Rank 0's text, on every rank. `key` is used once.
  virtual absl::StatusOr<std::string> FromRankZero(absl::string_view key, absl::string_view text) = 0;

  // Leaves a text for the other ranks. A key is used once, by one rank.
  virtual absl::Status Post(absl::string_view key, absl::string_view text) = 0;
  // The text that some rank left. NotFound if none did so far.
  virtual absl::StatusOr<std::string> Find(absl::string_view key) = 0;

  // "rank 1 is gone", "rank 1 never came", or "" while it lives, as far as can be told: always where ranks
  // share no folder.
  virtual std::string WhyMissing(int rank) const = 0;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_RANK_GROUP_H_
