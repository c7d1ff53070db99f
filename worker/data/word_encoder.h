// A tokenizer's ids, word by word from a cache: the same ids as edge::Tokenizer::Encode of the whole text,
// many times faster on natural language, in which few words make up most of the text.
//
// Why the ids are the same: words are cut where no merge can reach across: where the tokenizer itself cuts
// (splits_words()), or between bytes that no piece joins (worker/data/piece_boundaries.h). A tokenizer for
// which that does not hold (one whose normalisation changes more than spaces, say) is used as it is, without
// a cache.
//
// Called by the pack runner. Belongs to one thread; memory is bounded.
#ifndef BONSAI_WORKER_DATA_WORD_ENCODER_H_
#define BONSAI_WORKER_DATA_WORD_ENCODER_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "edge_runtime/model/tokenizer.h"
#include "worker/data/piece_boundaries.h"
#include "worker/data/piece_merges.h"
#include "worker/data/word_table.h"

namespace bonsai {

class WordEncoder {
 public:
  // The tokenizer outlives the encoder, and has at most 65536 pieces.
  explicit WordEncoder(const edge::Tokenizer& tokenizer);

  // Appends the ids of `text`, without BOS and EOS.
  void Encode(absl::string_view text, std::vector<uint16_t>* ids);

  // Whether words are cached.
  bool by_word() const { return by_word_; }

 private:
  struct CutWord {
    const char* text;
    size_t size;
    uint64_t key[2];  // of a word that is short enough for the table, and its place there
    size_t place;
  };

  void EncodeWhole(absl::string_view text, std::vector<uint16_t>* ids) const;
  // Fills cut_ from the text's byte `at` on; returns how many words it holds.
  size_t CutWords(size_t at, size_t size);
  // These write a word's ids and return the end of what they wrote.
  uint16_t* EncodeWord(const CutWord& word, uint16_t* out);
  uint16_t* EncodeRareWord(absl::string_view word, uint16_t* out);
  uint16_t* EncodeNewWord(absl::string_view word, uint16_t* out);

  const edge::Tokenizer& tokenizer_;
  const bool splits_words_;
  const PieceBoundaries boundaries_;
  const PieceMerges merges_;
  bool by_word_ = false;
  size_t lead_ids_ = 0;  // of "\n", with the space that the tokenizer puts in front
  WordTable table_;
  absl::flat_hash_map<std::string, std::vector<uint16_t>> long_words_;
  std::array<CutWord, 32> cut_;
  std::string spaced_;         // the text, behind the space that the tokenizer would put there
  std::vector<uint16_t> out_;  // its ids
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_WORD_ENCODER_H_
