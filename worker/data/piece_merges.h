// BPE of a short word by the ids of its pieces: which piece two neighbours make is one look-up in a flat
// table, where edge::Tokenizer hashes strings. The same ids, several times faster; for words that the word
// encoder sees for the first time.
//
// Called by the word encoder. Immutable; safe from any thread.
#ifndef BONSAI_WORKER_DATA_PIECE_MERGES_H_
#define BONSAI_WORKER_DATA_PIECE_MERGES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "edge_runtime/model/tokenizer.h"

namespace bonsai {

class PieceMerges {
 public:
  static constexpr size_t kWordBytesMax = 64;

  // Of at most 65536 pieces. Knows no words at all (Encode returns false) where the tokenizer does more than
  // to merge neighbours (merges_only()), or where a piece holds a character that is no piece itself.
  explicit PieceMerges(const edge::Tokenizer& tokenizer);

  // Sets *ids, which has room for kWordBytesMax, to the ids of a word of 1 to kWordBytesMax bytes, between
  // boundaries (worker/data/piece_boundaries.h), in which ' ' stands for U+2581, and *count to their number.
  // False if the word holds a character that is no piece.
  bool Encode(absl::string_view word, uint16_t* ids, size_t* count) const;

 private:
  struct Merge {
    uint32_t pair = 0;   // left << 16 | right
    uint32_t piece = 0;  // that they make, plus 1; 0: none, the place is free
  };
  static constexpr uint32_t kNone = UINT32_MAX;

  // The id of the piece that is this one character, or kNone.
  uint32_t Character(absl::string_view character) const;
  void Add(uint32_t left, uint32_t right, uint32_t piece);
  // The piece that two make, or kNone.
  uint32_t Find(uint32_t left, uint32_t right) const;
  size_t PlaceOf(uint32_t pair) const { return (pair * uint64_t{0x9E3779B97F4A7C15u}) >> shift_; }

  std::array<uint32_t, 128> ascii_;
  absl::flat_hash_map<absl::string_view, uint32_t> characters_;  // beyond ASCII; keys lie in the tokenizer
  std::vector<Merge> merges_;                                    // open addressing, at most half full
  std::vector<float> scores_;                                    // by id
  int shift_ = 63;
  bool complete_ = false;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_PIECE_MERGES_H_
