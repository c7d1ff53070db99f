// The ranks of an attempt, met: sums over all of them, and a word from rank 0 to the others. Gloo over
// loopback, found through files in the attempt's rendezvous folder; or, for ranks that share none, over the
// network, found through the rendezvous server that the task names. A group of one needs none of this and
// computes nothing.
//
// Every rank calls the sums, ShareFromOwners and FromRankZero in the same order, one thread at a time; a sum
// that was begun is finished before the next. The others wait for nobody, and any thread may call them at any
// time.
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
#include "worker/train/flat_range.h"

namespace bonsai {

// A sum over all ranks that begins at the end of the values while those before are still being made.
class SumUnderWay {
 public:
  // Nothing touches the values afterwards. Waits for what has begun, for as long as the group's timeout.
  virtual ~SumUnderWay() = default;

  // This rank's values from `first` on are final, and the caller's no more. `first` falls from call to call.
  // From any thread, one at a time; does not wait for other ranks.
  virtual void FinalFrom(int64_t first) = 0;

  // All of them are final. Returns once all are summed, or none is touched any more: Unavailable as the
  // group's other sums.
  virtual absl::Status Finish() = 0;
};

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

  // Begins what Sum does: the same bits. Finished, or gone, before the values are.
  virtual std::unique_ptr<SumUnderWay> BeginSum(absl::Span<float> values) = 0;

  // Begins a sum whose every value only its owner gets; elsewhere, and in the other values, there is what was
  // there. Added in a tree over the first `working` ranks: the bits of SumInTree where that is a power of
  // two. `ranges` are in order, without gaps, and the same on every rank. Each rank sends and receives (ranks
  // - 1) / ranks of the values, where Sum does twice that.
  virtual std::unique_ptr<SumUnderWay> BeginSumToOwners(absl::Span<float> values,
                                                        absl::Span<const OwnedRange> ranges, int working) = 0;

  // Replaces each value by its owner's.
  virtual absl::Status ShareFromOwners(absl::Span<float> values, absl::Span<const OwnedRange> ranges) = 0;

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
