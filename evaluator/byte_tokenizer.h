// A tokenizer for tests: every byte is a token, byte b has the id b + 3; 0 is unknown, 1 BOS, 2 EOS.
#ifndef BONSAI_EVALUATOR_BYTE_TOKENIZER_H_
#define BONSAI_EVALUATOR_BYTE_TOKENIZER_H_

#include <string>
#include <vector>

#include "edge_runtime/model/tokenizer.h"

namespace bonsai {

class ByteTokenizer : public edge::Tokenizer {
 public:
  int32_t vocab_size() const override { return 259; }
  int32_t bos_id() const override { return bos; }
  int32_t eos_id() const override { return eos; }
  int32_t unk_id() const override { return 0; }
  std::vector<int32_t> Encode(std::string_view text) const override {
    std::vector<int32_t> ids;
    for (char c : text) ids.push_back(static_cast<uint8_t>(c) + 3);
    return ids;
  }
  std::string Decode(std::span<const int32_t> ids) const override {
    std::string text;
    for (int32_t id : ids) text += DecodePiece(id, -1);
    return text;
  }
  std::string DecodePiece(int32_t id, int32_t) const override {
    return id < 3 || id >= vocab_size() ? "" : std::string(1, static_cast<char>(id - 3));
  }
  std::string_view Piece(int32_t) const override { return ""; }
  float Score(int32_t) const override { return 0; }

  int32_t bos = 1;
  int32_t eos = 2;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_BYTE_TOKENIZER_H_
