#include "worker/train/instruction_source.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "worker/train/keyed_permutation.h"
#include "worker/train/row_packing.h"

namespace bonsai {

absl::Status InstructionSource::Add(const v1::Instruction& instruction, const edge::Tokenizer& tokenizer) {
  const std::vector<int32_t> prompt = tokenizer.Encode(
      edge::ChatPrompt(shape_.chat_template, instruction.instruction(), instruction.input()));
  const std::vector<int32_t> response = tokenizer.Encode(instruction.output());
  // Of n + 1 tokens, n are read, and n asked for.
  const size_t room = size_t{shape_.positions} + 1;
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
  instructions_.push_back({begin, static_cast<uint32_t>(length), static_cast<uint32_t>(1 + prompt.size())});
  return absl::OkStatus();
}

const std::vector<InstructionSource::Row>& InstructionSource::RowsOf(uint64_t step) {
  if (!rows_.empty() && step_ == step) return rows_;
  step_ = step;
  rows_.clear();
  Row all;
  std::vector<uint32_t> lengths;
  for (uint64_t place = 0; place < shape_.batch_sequences; ++place) {
    const uint64_t number = step * shape_.batch_sequences + place;
    all.push_back(static_cast<uint32_t>(SampleAt(number, instructions_.size(), shape_.seed)));
    lengths.push_back(instructions_[all.back()].positions());
  }
  if (!shape_.pack_rows) {
    for (const uint32_t i : all) rows_.push_back({i});
    return rows_;
  }
  rows_ = PackRows(lengths, shape_.positions, shape_.rows_multiple);
  for (Row& row : rows_) {
    for (uint32_t& i : row) i = all[i];
  }
  return rows_;
}

BatchSource::Size InstructionSource::SizeOf(uint64_t step) {
  const std::vector<Row>& rows = RowsOf(step);
  Size size = {static_cast<int64_t>(rows.size()), 0, 0, shape_.batch_sequences};
  for (const Row& row : rows) {
    for (const uint32_t i : row) {
      size.tokens += instructions_[i].positions();
      size.targets += instructions_[i].length - instructions_[i].prompt;
    }
  }
  return size;
}

absl::Status InstructionSource::Fill(uint64_t step, int64_t first, int64_t rows, RowBuffer* buffer) {
  const absl::Span<const Row> filled = absl::MakeConstSpan(RowsOf(step)).subspan(first, rows);
  buffer->rows = rows;
  buffer->positions = 1;
  for (const Row& row : filled) {
    int64_t positions = 0;
    for (const uint32_t i : row) positions += instructions_[i].positions();
    buffer->positions = std::max(buffer->positions, positions);
  }
  // Padding reads token 0 and is asked for nothing; no position before it sees it.
  buffer->tokens.assign(rows * buffer->positions, 0);
  buffer->targets.assign(rows * buffer->positions, -1);
  buffer->begins.assign(shape_.pack_rows ? rows * buffer->positions : 0, 0);
  for (int64_t r = 0; r < rows; ++r) {
    int64_t at = 0;
    for (const uint32_t i : filled[r]) {
      const Tokenized& one = instructions_[i];
      const auto begin = tokens_.begin() + static_cast<int64_t>(one.begin), end = begin + one.length;
      const int64_t place = r * buffer->positions + at;
      std::copy(begin, end - 1, buffer->tokens.begin() + place);
      std::copy(begin + one.prompt, end, buffer->targets.begin() + place + one.prompt - 1);
      if (shape_.pack_rows)
        std::fill_n(buffer->begins.begin() + place, one.positions(), static_cast<int32_t>(at));
      at += one.positions();
    }
    if (!shape_.pack_rows) continue;
    std::fill_n(buffer->begins.begin() + r * buffer->positions + at, buffer->positions - at,
                static_cast<int32_t>(at));
  }
  return absl::OkStatus();
}

}  // namespace bonsai
