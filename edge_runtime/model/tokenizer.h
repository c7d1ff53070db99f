// A tokenizer that gives SentencePiece's ids for BPE models with byte fallback, from a tokenizer.model file.
//
// Immutable once loaded; safe for concurrent use. Standard library only.
#ifndef BONSAI_EDGE_RUNTIME_MODEL_TOKENIZER_H_
#define BONSAI_EDGE_RUNTIME_MODEL_TOKENIZER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bonsai::edge {

class Tokenizer {
 public:
  // Parses a SentencePiece tokenizer.model (a serialised ModelProto, model_type BPE). On failure returns
  // nullptr and *error says what is wrong and where.
  static std::unique_ptr<Tokenizer> Parse(std::span<const uint8_t> bytes, std::string* error);
  // Parses a llama2.c tokenizer.bin with `vocab_size` pieces.
  static std::unique_ptr<Tokenizer> ParseLlama2c(std::span<const uint8_t> bytes, int32_t vocab_size,
                                                 std::string* error);

  virtual ~Tokenizer() = default;

  virtual int32_t vocab_size() const = 0;
  virtual int32_t bos_id() const = 0;  // -1 if none
  virtual int32_t eos_id() const = 0;  // -1 if none
  virtual int32_t unk_id() const = 0;

  // The ids of `text`, without BOS and EOS. Never fails: what no piece covers becomes byte pieces.
  virtual std::vector<int32_t> Encode(std::string_view text) const = 0;

  // The text of `ids`: SentencePiece's Decode (control pieces are nothing; one leading space of the first
  // piece is dropped). Ids out of range are skipped.
  virtual std::string Decode(std::span<const int32_t> ids) const = 0;

  // The bytes that `id` adds when it follows `previous_id` (-1 at the start): for streaming output.
  virtual std::string DecodePiece(int32_t id, int32_t previous_id) const = 0;

  // The piece as stored, with U+2581 for a space: "▁the". Empty if out of range.
  virtual std::string_view Piece(int32_t id) const = 0;
  virtual float Score(int32_t id) const = 0;

  // Whether merging neighbours by the scores of the pieces that they make is all that Encode does to
  // normalized text: no user-defined pieces that are never split, no unused ones that are taken apart again.
  virtual bool merges_only() const { return false; }
};

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_MODEL_TOKENIZER_H_
