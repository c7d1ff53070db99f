// Where text may be cut so that a BPE tokenizer gives the same ids for the parts as for the whole: between
// two bytes that stand side by side in none of its pieces. A merge makes a piece, so none can reach across
// such a place, and what happens on one side of it never depends on the other.
//
// Called by the word encoder. Immutable; safe from any thread.
#ifndef BONSAI_WORKER_DATA_PIECE_BOUNDARIES_H_
#define BONSAI_WORKER_DATA_PIECE_BOUNDARIES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "edge_runtime/model/tokenizer.h"

namespace bonsai {

class PieceBoundaries {
 public:
  // Of pieces in which U+2581 is read as the space that it stands for. Inside a character there is no
  // boundary.
  explicit PieceBoundaries(const edge::Tokenizer& tokenizer);

  bool Between(uint8_t left, uint8_t right) const {
    return (joined_[left][right >> 6] >> (right & 63) & 1) == 0;
  }

  // The first boundary of `text` behind its first byte, or `size`; `size` is at least 1.
  size_t First(const char* text, size_t size) const {
    uint8_t left = static_cast<uint8_t>(text[0]);
    for (size_t i = 1; i < size; ++i) {
      const uint8_t right = static_cast<uint8_t>(text[i]);
      if (Between(left, right)) return i;
      left = right;
    }
    return size;
  }

  // Whether `byte` stands beside another in no piece, so that there is a boundary on both sides of it.
  bool Alone(uint8_t byte) const;

 private:
  // Marks the bytes on both sides of piece[at], and, where U+FFFD is one of them, all that it may stand for:
  // the tokenizer puts it in the place of each byte that is not UTF-8.
  void Join(const std::string& piece, size_t at);

  std::array<std::array<uint64_t, 4>, 256> joined_ = {};  // one bit for each pair
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_PIECE_BOUNDARIES_H_
