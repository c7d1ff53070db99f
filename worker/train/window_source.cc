#include "worker/train/window_source.h"

#include <algorithm>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "worker/train/keyed_permutation.h"

namespace bonsai {

absl::StatusOr<std::unique_ptr<WindowSource>> WindowSource::Create(const PackedTokens& tokens,
                                                                   const WindowShape& shape,
                                                                   absl::string_view field) {
  if (tokens.size() < uint64_t{shape.positions} + 1) {
    return absl::InvalidArgumentError(absl::StrCat("pretrain.seq_len is ", shape.positions, ", but ", field,
                                                   " holds ", tokens.size(),
                                                   " tokens; valid: at least one more than seq_len"));
  }
  return absl::WrapUnique(new WindowSource(tokens, shape));
}

WindowSource::WindowSource(const PackedTokens& tokens, const WindowShape& shape)
    : tokens_(tokens),
      positions_(shape.positions),
      batch_sequences_(shape.batch_sequences),
      seed_(shape.seed),
      windows_((tokens.size() - 1) / shape.positions),
      ramp_(shape.ramp.steps() + 1),
      window_(shape.positions + 1) {
  const uint64_t initial = shape.ramp.initial_sequences();
  for (uint64_t step = 0; step < shape.ramp.steps(); ++step) {
    ramp_[step + 1] = ramp_[step] + initial + (batch_sequences_ - initial) * step / shape.ramp.steps();
  }
}

uint64_t WindowSource::SamplesBefore(uint64_t step) const {
  const uint64_t ramped = std::min<uint64_t>(step, ramp_.size() - 1);
  return ramp_[ramped] + (step - ramped) * batch_sequences_;
}

BatchSource::Size WindowSource::SizeOf(uint64_t step) {
  const uint64_t rows = SamplesBefore(step + 1) - SamplesBefore(step);
  return {static_cast<int64_t>(rows), rows * positions_, rows * positions_};
}

absl::Status WindowSource::Fill(uint64_t step, int64_t first, int64_t rows, RowBuffer* buffer) {
  buffer->rows = rows;
  buffer->positions = static_cast<int64_t>(positions_);
  buffer->tokens.resize(rows * positions_);
  buffer->targets.resize(rows * positions_);
  for (int64_t row = 0; row < rows; ++row) {
    const uint64_t window = SampleAt(SamplesBefore(step) + first + row, windows_, seed_);
    if (absl::Status status = tokens_.Read(window * positions_, absl::MakeSpan(window_)); !status.ok())
      return status;
    std::copy(window_.begin(), window_.end() - 1, buffer->tokens.begin() + row * positions_);
    std::copy(window_.begin() + 1, window_.end(), buffer->targets.begin() + row * positions_);
  }
  return absl::OkStatus();
}

}  // namespace bonsai
