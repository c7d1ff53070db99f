// A tokenizer of one id for each byte, above BOS 1 and EOS 2: for tests that look at a trainer's rows.
#ifndef BONSAI_WORKER_TRAIN_BYTE_TOKENIZER_TESTING_H_
#define BONSAI_WORKER_TRAIN_BYTE_TOKENIZER_TESTING_H_

#include <string>
#include <vector>

#include "edge_runtime/model/tokenizer.h"

namespace bonsai {

class ByteTokenizer final : public edge::Tokenizer {
 public:
  // With fewer than 259 ids, bytes share them, and Decode gives other text.
  explicit ByteTokenizer(int32_t vocab_size = 259) : vocab_size_(vocab_size) {}

  int32_t vocab_size() const override { return vocab_size_; }
  int32_t bos_id() const override { return 1; }
  int32_t eos_id() const override { return 2; }
  int32_t unk_id() const override { return 0; }
  std::vector<int32_t> Encode(std::string_view text) const override {
    std::vector<int32_t> ids;
    for (const char c : text) ids.push_back(3 + static_cast<uint8_t>(c) % (vocab_size_ - 3));
    return ids;
  }
  // BOS is '^', EOS '$'.
  std::string Decode(std::span<const int32_t> ids) const override {
    std::string text;
    for (const int32_t id : ids) text += id < 3 ? (id == 2 ? '$' : '^') : static_cast<char>(id - 3);
    return text;
  }
  std::string DecodePiece(int32_t, int32_t) const override { return ""; }
  std::string_view Piece(int32_t) const override { return ""; }
  float Score(int32_t) const override { return 0; }

 private:
  const int32_t vocab_size_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_BYTE_TOKENIZER_TESTING_H_
