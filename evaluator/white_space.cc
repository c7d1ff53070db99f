#include "evaluator/white_space.h"

#include <cstdint>

namespace bonsai {
namespace {

// The bytes of the white-space character at the start of `text`, 0 if there is none.
size_t SpaceBytes(absl::string_view text) {
  if (text.empty()) return 0;
  const auto at = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : 0; };
  const uint8_t first = at(0);
  // \t \n \v \f \r, the four separators 0x1c to 0x1f, space.
  if ((first >= 0x09 && first <= 0x0d) || (first >= 0x1c && first <= 0x20)) return 1;
  // U+0085, U+00A0.
  if (first == 0xc2 && (at(1) == 0x85 || at(1) == 0xa0)) return 2;
  // U+1680.
  if (first == 0xe1 && at(1) == 0x9a && at(2) == 0x80) return 3;
  // U+2000 to U+200A, U+2028, U+2029, U+202F.
  if (first == 0xe2 && at(1) == 0x80) {
    const uint8_t third = at(2);
    if ((third >= 0x80 && third <= 0x8a) || third == 0xa8 || third == 0xa9 || third == 0xaf) return 3;
  }
  // U+205F, U+3000.
  if (first == 0xe2 && at(1) == 0x81 && at(2) == 0x9f) return 3;
  if (first == 0xe3 && at(1) == 0x80 && at(2) == 0x80) return 3;
  return 0;
}

}  // namespace

size_t TrailingSpaceBytes(absl::string_view text) {
  size_t end = text.size();
  while (end > 0) {
    size_t length = 0;
    // No white-space character ends with the bytes of another one, so the order of the tries does not matter.
    for (size_t tried = 1; tried <= 3 && tried <= end && length == 0; ++tried) {
      if (SpaceBytes(text.substr(end - tried, tried)) == tried) length = tried;
    }
    if (length == 0) break;
    end -= length;
  }
  return text.size() - end;
}

absl::string_view StripSpace(absl::string_view text) {
  while (const size_t length = SpaceBytes(text)) text.remove_prefix(length);
  text.remove_suffix(TrailingSpaceBytes(text));
  return text;
}

std::vector<absl::string_view> SplitSpace(absl::string_view text) {
  std::vector<absl::string_view> words;
  size_t start = 0;
  for (size_t i = 0; i < text.size();) {
    const size_t length = SpaceBytes(text.substr(i));
    if (length > 0) {
      if (i > start) words.push_back(text.substr(start, i - start));
      start = i + length;
    }
    i += length > 0 ? length : 1;
  }
  if (start < text.size()) words.push_back(text.substr(start));
  return words;
}

size_t CountWords(absl::string_view text) {
  size_t words = 1;
  bool in_space = false;
  for (size_t i = 0; i < text.size();) {
    const size_t length = SpaceBytes(text.substr(i));
    if (length > 0 && !in_space) ++words;
    in_space = length > 0;
    i += length > 0 ? length : 1;
  }
  return words;
}

}  // namespace bonsai
