// A tokenizer's ids, word by word from a cache: the same ids as edge::Tokenizer::Encode of the whole text,
// many times faster on natural language, in which few words make up most of the text.
//
// Why the ids are the same: if no piece holds the space symbol U+2581 anywhere but at its front, no merge can
// reach across the front of a word, so BPE merges each word alone. A tokenizer for which that does not hold
// (or whose normalisation changes more than spaces) is used as it is, without a cache.
//
// Called by the pack runner. Belongs to one thread; memory is bounded.
#ifndef BONSAI_WORKER_DATA_WORD_ENCODER_H_
#define BONSAI_WORKER_DATA_WORD_ENCODER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "edge_runtime/model/tokenizer.h"

namespace bonsai {

class WordEncoder {
 public:
  // The tokenizer outlives the encoder.
  explicit WordEncoder(const edge::Tokenizer& tokenizer);

  // Appends the ids of `text`, without BOS and EOS.
  void Encode(absl::string_view text, std::vector<int32_t>* ids);

  // Whether words are cached.
  bool by_word() const { return by_word_; }

 private:
  const std::vector<int32_t>& EncodeWord(absl::string_view word);

  const edge::Tokenizer& tokenizer_;
  bool by_word_ = false;
  std::vector<int32_t> space_;  // the ids of a space that no word follows
  std::vector<int32_t> uncached_;
  absl::flat_hash_map<std::string, std::vector<int32_t>> words_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_WORD_ENCODER_H_
