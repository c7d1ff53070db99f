// The rows of fine-tuning: one instruction and its response each, in Alpaca's template, padded to the longest
// of a batch. The loss counts the response and its EOS only. Nothing is packed, so no row sees another.
//
// All rows are tokenized once and kept (4 bytes a token).
#ifndef BONSAI_WORKER_TRAIN_INSTRUCTION_SOURCE_H_
#define BONSAI_WORKER_TRAIN_INSTRUCTION_SOURCE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bonsai/v1/document.pb.h"
#include "edge_runtime/model/tokenizer.h"
#include "worker/train/batch_source.h"

namespace bonsai {

// The prompt of an instruction, up to where the response begins: the wording that Stanford Alpaca published.
std::string AlpacaPrompt(const v1::Instruction& instruction);

class InstructionSource final : public BatchSource {
 public:
  // The most tokens that are kept.
  static constexpr size_t kTokensMax = size_t{1} << 30;

  // Rows read at most `positions` tokens.
  InstructionSource(uint32_t positions, uint32_t batch_sequences, uint64_t seed)
      : positions_(positions), batch_sequences_(batch_sequences), seed_(seed) {}

  // Adds a row: BOS prompt response EOS. What does not fit is cut from the response (counted in truncated());
  // where the prompt leaves no room at all, or the response is empty, the row is left out (counted in
  // dropped()). ResourceExhausted beyond kTokensMax.
  absl::Status Add(const v1::Instruction& instruction, const edge::Tokenizer& tokenizer);

  uint64_t rows() const { return rows_.size(); }
  uint64_t truncated() const { return truncated_; }
  uint64_t dropped() const { return dropped_; }

  // At least one row must have been added.
  Size SizeOf(uint64_t step) override;
  absl::Status Fill(uint64_t step, int64_t first, int64_t rows, RowBuffer* buffer) override;

 private:
  struct Row {
    size_t begin;     // in tokens_
    uint32_t length;  // with BOS and EOS
    uint32_t prompt;  // of these, BOS and the prompt's
  };

  const Row& RowOf(uint64_t step, uint64_t place) const;

  const uint32_t positions_;
  const uint64_t batch_sequences_;
  const uint64_t seed_;
  std::vector<int32_t> tokens_;
  std::vector<Row> rows_;
  uint64_t truncated_ = 0;
  uint64_t dropped_ = 0;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_INSTRUCTION_SOURCE_H_
