#include "worker/train/instruction_source.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "worker/train/keyed_permutation.h"

namespace bonsai {

std::string AlpacaPrompt(const v1::Instruction& instruction) {
  if (instruction.input().empty()) {
    return absl::StrCat(
        "Below is an instruction that describes a task. Write a response that appropriately completes the "
        "request.\n\n"
        "### Instruction:\n",
        instruction.instruction(), "\n\n### Response:");
  }
  return absl::StrCat(
      "Below is an instruction that describes a task, paired with an input that provides further context. "
      "Write a "
      "response that appropriately completes the request.\n\n### Instruction:\n",
      instruction.instruction(), "\n\n### Input:\n", instruction.input(), "\n\n### Response:");
}

absl::Status InstructionSource::Add(const v1::Instruction& instruction, const edge::Tokenizer& tokenizer) {
  const std::vector<int32_t> prompt = tokenizer.Encode(AlpacaPrompt(instruction));
  const std::vector<int32_t> response = tokenizer.Encode(instruction.output());
  // A row of n + 1 tokens is read up to n, and asked for n.
  const size_t room = size_t{positions_} + 1;
  if (response.empty() || 1 + prompt.size() >= room) {
    ++dropped_;
    return absl::OkStatus();
  }
  const size_t whole = 1 + prompt.size() + response.size() + 1;
  const size_t length = std::min(whole, room);
  if (tokens_.size() + length > kTokensMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("sft.corpus has more than ", kTokensMax, " tokens, which is the most"));
  }
  const size_t begin = tokens_.size();
  tokens_.push_back(tokenizer.bos_id());
  tokens_.insert(tokens_.end(), prompt.begin(), prompt.end());
  tokens_.insert(tokens_.end(), response.begin(), response.end());
  tokens_.push_back(tokenizer.eos_id());
  tokens_.resize(begin + length);
  truncated_ += length < whole;
  rows_.push_back({begin, static_cast<uint32_t>(length), static_cast<uint32_t>(1 + prompt.size())});
  return absl::OkStatus();
}

const InstructionSource::Row& InstructionSource::RowOf(uint64_t step, uint64_t place) const {
  return rows_[SampleAt(step * batch_sequences_ + place, rows_.size(), seed_)];
}

BatchSource::Size InstructionSource::SizeOf(uint64_t step) {
  Size size = {static_cast<int64_t>(batch_sequences_), 0, 0};
  for (uint64_t place = 0; place < batch_sequences_; ++place) {
    const Row& row = RowOf(step, place);
    size.tokens += row.length - 1;
    size.targets += row.length - row.prompt;
  }
  return size;
}

absl::Status InstructionSource::Fill(uint64_t step, int64_t first, int64_t rows, RowBuffer* buffer) {
  buffer->rows = rows;
  buffer->positions = 1;
  for (int64_t row = 0; row < rows; ++row) {
    buffer->positions = std::max<int64_t>(buffer->positions, RowOf(step, first + row).length - 1);
  }
  // Padding reads token 0 and is asked for nothing; no position before it sees it.
  buffer->tokens.assign(rows * buffer->positions, 0);
  buffer->targets.assign(rows * buffer->positions, -1);
  for (int64_t r = 0; r < rows; ++r) {
    const Row& row = RowOf(step, first + r);
    const auto begin = tokens_.begin() + static_cast<int64_t>(row.begin), end = begin + row.length;
    std::copy(begin, end - 1, buffer->tokens.begin() + r * buffer->positions);
    std::copy(begin + row.prompt, end, buffer->targets.begin() + r * buffer->positions + row.prompt - 1);
  }
  return absl::OkStatus();
}

}  // namespace bonsai
