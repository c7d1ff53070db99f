// The rows of fine-tuning: instructions with their responses, in a chat template; the loss counts the
// response and its EOS only. A row is one instruction, or several that do not see each other; either way it
// is padded to the longest of the rows that are filled together.
//
// Which instructions a step reads follows from the seed and the step: not from the packing, which only shares
// the same ones out to fewer rows, nor from the ranks. Each comes once in an epoch. All are tokenized once
// and kept (4 bytes a token). A source is used by one thread at a time.
#ifndef BONSAI_WORKER_TRAIN_INSTRUCTION_SOURCE_H_
#define BONSAI_WORKER_TRAIN_INSTRUCTION_SOURCE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bonsai/v1/document.pb.h"
#include "edge_runtime/model/chat_template.h"
#include "edge_runtime/model/tokenizer.h"
#include "worker/train/batch_source.h"

namespace bonsai {

struct InstructionShape {
  uint32_t positions = 0;        // of a row, at most
  uint32_t batch_sequences = 0;  // instructions of a step
  uint64_t seed = 0;
  edge::ChatTemplate chat_template = edge::ChatTemplate::kAlpaca;
  bool pack_rows = false;
  // Packed rows are a multiple of this where they can be, so that ranks, threads and parts get as much each.
  uint32_t rows_multiple = 1;
};

class InstructionSource final : public BatchSource {
 public:
  // The most tokens that are kept.
  static constexpr size_t kTokensMax = size_t{1} << 30;

  explicit InstructionSource(const InstructionShape& shape) : shape_(shape) {}

  // Adds one: BOS prompt response EOS. What does not fit is cut from the response (counted in truncated());
  // where the prompt leaves no room at all, or the response is empty, it is left out (counted in
  // dropped()). ResourceExhausted beyond kTokensMax.
  absl::Status Add(const v1::Instruction& instruction, const edge::Tokenizer& tokenizer);

  uint64_t instructions() const { return instructions_.size(); }
  uint64_t truncated() const { return truncated_; }
  uint64_t dropped() const { return dropped_; }

  // At least one must have been added.
  Size SizeOf(uint64_t step) override;
  absl::Status Fill(uint64_t step, int64_t first, int64_t rows, RowBuffer* buffer) override;

 private:
  struct Tokenized {
    size_t begin;     // in tokens_
    uint32_t length;  // with BOS and EOS
    uint32_t prompt;  // of these, BOS and the prompt's

    uint32_t positions() const { return length - 1; }  // that are read: EOS is only asked for
  };
  using Row = std::vector<uint32_t>;  // of indices into instructions_

  // The rows of a step, which are kept until another step is asked for.
  const std::vector<Row>& RowsOf(uint64_t step);

  const InstructionShape shape_;
  std::vector<int32_t> tokens_;
  std::vector<Tokenized> instructions_;
  uint64_t truncated_ = 0;
  uint64_t dropped_ = 0;
  uint64_t step_ = 0;
  std::vector<Row> rows_;  // of step_; empty: not known yet
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_INSTRUCTION_SOURCE_H_
