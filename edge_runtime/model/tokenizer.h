// A tokenizer: one that gives SentencePiece's ids for BPE models with byte fallback, from a tokenizer.model
// file, or GPT-2's for byte-level BPE, from a tokenizer.json (byte_level_vocabulary.h says which).
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

// The text that ids become as they come, one after the other.
struct StreamedText {
  std::string settled;  // no later id changes it
  std::string pending;  // stands behind it until the next id

  std::string text() const { return settled + pending; }

  // The tokenizer's own: what it has to remember of the ids.
  std::vector<int32_t> ids;
  std::string bytes;
  bool at_start = true, dropped_space = false;
};

class Tokenizer {
 public:
  // Parses a SentencePiece tokenizer.model (a serialised ModelProto, model_type BPE), or a tokenizer.json of
  // byte-level BPE. On failure returns nullptr and *error says what is wrong and where.
  static std::unique_ptr<Tokenizer> Parse(std::span<const uint8_t> bytes, std::string* error);
  // Parses a llama2.c tokenizer.bin with `vocab_size` pieces.
  static std::unique_ptr<Tokenizer> ParseLlama2c(std::span<const uint8_t> bytes, int32_t vocab_size,
                                                 std::string* error);
  // Parses GPT-2's two files, vocab.json and merges.txt.
  static std::unique_ptr<Tokenizer> ParseGpt2(std::string_view vocab_json, std::string_view merges_txt,
                                              std::string* error);
  // "tokenizer.json" if Parse reads the bytes as JSON, otherwise "tokenizer.model": the name of their file.
  static const char* FileNameFor(std::span<const uint8_t> bytes);

  virtual ~Tokenizer() = default;

  virtual int32_t vocab_size() const = 0;
  virtual int32_t bos_id() const = 0;  // -1 if none
  virtual int32_t eos_id() const = 0;  // -1 if none
  virtual int32_t unk_id() const = 0;  // -1 if none

  // The ids of `text`, without BOS and EOS. Never fails: what no piece covers becomes byte pieces. The name
  // of a control piece is text like any other.
  virtual std::vector<int32_t> Encode(std::string_view text) const = 0;

  // The text of `ids`: SentencePiece's Decode (control pieces are nothing; one leading space of the first
  // piece is dropped), or the very bytes that byte-level pieces stand for. Ids out of range are skipped.
  virtual std::string Decode(std::span<const int32_t> ids) const = 0;

  // Adds an id: `streamed->text()` is then what Decode gives for all that were added. Ours do not decode them
  // all again.
  virtual void Append(int32_t id, StreamedText* streamed) const {
    streamed->ids.push_back(id);
    streamed->pending = Decode(streamed->ids);
  }

  // The bytes that `id` adds when it follows `previous_id` (-1 at the start): for streaming output.
  virtual std::string DecodePiece(int32_t id, int32_t previous_id) const = 0;

  // The piece as stored, with U+2581 for a space, "▁the", or in GPT-2's alphabet of bytes, "Ġthe". Empty if
  // out of range.
  virtual std::string_view Piece(int32_t id) const = 0;
  virtual float Score(int32_t id) const = 0;

  // Whether merging neighbours by the scores of the pieces that they make is all that Encode does to
  // normalized text: no user-defined pieces that are never split, no unused ones that are taken apart again.
  virtual bool merges_only() const { return false; }

  // Whether Encode cuts text into words as FirstWord does (edge_runtime/model/word_split.h), and encodes each
  // by itself.
  virtual bool splits_words() const { return false; }
};

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_MODEL_TOKENIZER_H_
