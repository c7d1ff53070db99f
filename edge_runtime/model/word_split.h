// Text cut into words as GPT-2 cuts it before it merges bytes: contractions, letters, numbers, other
// characters (each with the one space in front of them), and white space, whose last character goes with what
// follows. No merge crosses a word's end.
//
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// Used by the byte-level tokenizer, its trainer and the word encoder. Pure functions.
#ifndef BONSAI_EDGE_RUNTIME_MODEL_WORD_SPLIT_H_
#define BONSAI_EDGE_RUNTIME_MODEL_WORD_SPLIT_H_

#include <cstddef>
#include <string_view>

namespace bonsai::edge {

// The bytes of the first word of `text`, which is not empty; at least 1. A byte that is part of no UTF-8
// character counts as a character that is neither letter, number nor space. A word alone is one word again.
size_t FirstWord(std::string_view text);

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_MODEL_WORD_SPLIT_H_
