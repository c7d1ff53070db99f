// Writes checkpoints beside the training: this rank's part of the state is copied, then a thread of its own
// stores it. Rank 0's thread waits for the names of the other parts, and writes the manifest last; so a rank
// that dies half-way leaves none. One checkpoint is under way at most; asking for the next waits for the one
// before, and that wait is reported.
//
// Each rank has one; used by the training thread.
#ifndef BONSAI_WORKER_TRAIN_CHECKPOINT_WRITER_H_
#define BONSAI_WORKER_TRAIN_CHECKPOINT_WRITER_H_

#include <atomic>
#include <deque>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "runner/runner.h"
#include "worker/train/checkpoint.h"
#include "worker/train/rank_group.h"

namespace bonsai {

// A state where the run holds it: all parameters and losses; of the moments all, or this rank's share.
struct StateView {
  uint64_t step = 0;
  absl::Span<const float> parameters, moment1, moment2;
  absl::Span<const float> losses;
  const RunRecord* record = nullptr;  // rank 0's is written; null: an empty one
  SharedParameters best;              // rank 0's, if there is one
};

class CheckpointWriter {
 public:
  // Context and group outlive the writer. `timeout` bounds the wait for other ranks' parts. `shares`: where
  // each rank keeps the moments of its own ranges alone, all of them, in order; then all ranks must share a
  // storage folder.
  CheckpointWriter(RunnerContext& context, RankGroup& group, std::string fingerprint, uint64_t parameters,
                   absl::Duration timeout, std::vector<OwnedRange> shares = {});
  // Lets the part under way be stored, but waits for no other rank.
  ~CheckpointWriter();

  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  // Makes room for the copy, which the first Begin otherwise pays for.
  void Reserve();

  // Copies this rank's part and begins to store it. Every rank calls it after the same steps. Returns the
  // seconds for which the caller was kept.
  double Begin(const StateView& state, Metrics metrics);

  // Waits for the checkpoint under way. Returns the status of the last one, OK if there was none.
  absl::Status Finish();

  // Those that this rank published, the newest first. After Finish, until the next Begin.
  const std::deque<v1::Checkpoint>& published() const { return published_; }

 private:
  void Copy(const StateView& state);
  void Store();
  absl::Status StorePart();
  // On rank 0: the parts of all ranks, `own` among them.
  absl::StatusOr<std::vector<v1::Blob>> CollectParts(v1::Blob own);
  absl::StatusOr<CheckpointBlobs> StoreAll(v1::Blob own);
  absl::StatusOr<v1::Blob> AwaitPart(uint32_t part, absl::Time deadline);
  absl::StatusOr<v1::Blob> FindPart(uint32_t part);
  uint64_t ValuesOf(uint32_t part) const;
  std::string KeyOf(uint32_t part) const;

  RunnerContext& context_;
  RankGroup& group_;
  const uint32_t parts_;
  const uint32_t part_;                   // this rank's; none if not below parts_
  const std::vector<OwnedRange> shares_;  // empty: PartRange says what the parts hold
  const absl::Duration timeout_;
  std::atomic<bool> abandoned_ = false;

  // The thread's while it runs.
  CheckpointHeader header_;
  uint64_t number_ =
      0;  // of checkpoints begun, on all ranks alike: a run that goes back comes to a step twice
  // The part's values of the parameters, of the first and of the second moments.
  std::vector<float> snapshot_;
  std::vector<float> losses_;  // on rank 0, as what follows
  RunRecord record_;
  SharedParameters best_;
  std::pair<SharedParameters, v1::Blob> best_stored_;  // the last that was stored: it need not be again
  std::deque<v1::Checkpoint> published_;
  absl::Status last_;
  std::thread thread_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_CHECKPOINT_WRITER_H_
