// The rows of pretraining: windows of packed tokens, each epoch in its own order.
//
// Window i of a row of tokens reads ids [i L, i L + L) and is asked for the ids that follow each. Sample
// number n is window SampleAt(n): so what step s reads depends on the seed, the batch's ramp and s, not on
// ranks, checkpoints or shards.
#ifndef BONSAI_WORKER_TRAIN_WINDOW_SOURCE_H_
#define BONSAI_WORKER_TRAIN_WINDOW_SOURCE_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/spec.pb.h"
#include "worker/data/packed_shard.h"
#include "worker/train/batch_source.h"

namespace bonsai {

struct WindowShape {
  uint32_t positions = 0;
  uint32_t batch_sequences = 0;
  uint64_t seed = 0;
  v1::BatchRamp ramp = {};  // validated (training_plan.h)
};

class WindowSource final : public BatchSource {
 public:
  // `tokens` outlives the source. InvalidArgument names `field`, from where they are, if they do not fill one
  // window of `positions` + 1.
  static absl::StatusOr<std::unique_ptr<WindowSource>> Create(const PackedTokens& tokens,
                                                              const WindowShape& shape,
                                                              absl::string_view field);

  Size SizeOf(uint64_t step) override;
  absl::Status Fill(uint64_t step, int64_t first, int64_t rows, RowBuffer* buffer) override;

  uint64_t windows() const { return windows_; }
  int64_t rows() const { return static_cast<int64_t>(batch_sequences_); }  // of a step after the ramp

 private:
  WindowSource(const PackedTokens& tokens, const WindowShape& shape);

  // The number of samples before step `step`.
  uint64_t SamplesBefore(uint64_t step) const;

  const PackedTokens& tokens_;
  const uint64_t positions_;
  const uint64_t batch_sequences_;
  const uint64_t seed_;
  const uint64_t windows_;
  std::vector<uint64_t> ramp_;  // samples before each step of the ramp and before the first after it
  std::vector<uint16_t> window_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_WINDOW_SOURCE_H_
