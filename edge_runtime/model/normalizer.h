// SentencePiece's text normalizer: replacement rules in a double-array trie (nmt_nfkc and the like; none for
// identity), white space folding, and U+2581 for spaces. Only the tokenizer uses it. Immutable; standard
// library only.
#ifndef BONSAI_EDGE_RUNTIME_MODEL_NORMALIZER_H_
#define BONSAI_EDGE_RUNTIME_MODEL_NORMALIZER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge_runtime/model/sentencepiece_proto.h"

namespace bonsai::edge {

inline constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";  // U+2581

// Finds which user-defined piece a text starts with; those are never split nor normalized.
class PrefixMatcher {
 public:
  PrefixMatcher() = default;
  explicit PrefixMatcher(std::vector<std::string> pieces);

  // The length of the longest piece that `text` starts with; 0 if none.
  size_t Match(std::string_view text) const;

 private:
  std::vector<std::string> pieces_;                // sorted
  std::vector<std::pair<size_t, size_t>> ranges_;  // of pieces_, by first byte
};

class Normalizer {
 public:
  Normalizer() = default;

  // `matcher` outlives the normalizer. On failure (a malformed charsmap) returns false and *error.
  bool Init(NormalizerSpec spec, const PrefixMatcher* matcher, std::string* error);

  const NormalizerSpec& spec() const { return spec_; }  // without its charsmap

  // Malformed bytes become U+FFFD, one for each.
  std::string Normalize(std::string_view text) const;

 private:
  // What the start of `text`, not empty, becomes, and how many bytes of it that covers (at least 1).
  std::pair<std::string_view, size_t> NormalizePrefix(std::string_view text) const;
  // The longest key of the trie that `text` starts with: its length (0 if none) and value.
  std::pair<size_t, uint32_t> LongestKey(std::string_view text) const;

  NormalizerSpec spec_;
  const PrefixMatcher* matcher_ = nullptr;
  std::vector<uint32_t> trie_;
  std::string replacements_;  // strings that end in '\0'; a trie value is an offset here
};

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_MODEL_NORMALIZER_H_
