#include "worker/data/script_counts.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>

#include "edge_runtime/model/utf8.h"

namespace bonsai {
namespace {

enum class Script { kNone, kLatin, kHan, kOther };

struct Range {
  char32_t first;
  char32_t last;
  Script script;
};

// Blocks of the Unicode standard (Blocks.txt), ascending; between them, and beyond ASCII, letters of other
// scripts.
constexpr Range kRanges[] = {
    {0x0080, 0x00A9, Script::kNone},                                       // controls, marks
    {0x00AA, 0x00AA, Script::kLatin},                                      // feminine ordinal
    {0x00AB, 0x00B9, Script::kNone},    {0x00BA, 0x00BA, Script::kLatin},  // masculine ordinal
    {0x00BB, 0x00BF, Script::kNone},    {0x00C0, 0x00D6, Script::kLatin},  // Latin-1 Supplement
    {0x00D7, 0x00D7, Script::kNone},                                       // the sign of multiplication
    {0x00D8, 0x00F6, Script::kLatin},   {0x00F7, 0x00F7, Script::kNone},   // the sign of division
    {0x00F8, 0x02AF, Script::kLatin},  // Latin Extended-A and -B, IPA Extensions
    {0x02B0, 0x036F, Script::kNone},   // Spacing Modifier Letters, Combining Diacritical Marks
    {0x1D00, 0x1D7F, Script::kLatin},  // Phonetic Extensions
    {0x1E00, 0x1EFF, Script::kLatin},  // Latin Extended Additional
    {0x2000, 0x2BFF, Script::kNone},   // General Punctuation to Miscellaneous Symbols and Arrows
    {0x2C60, 0x2C7F, Script::kLatin},  // Latin Extended-C
    {0x2E00, 0x2E7F, Script::kNone},   // Supplemental Punctuation
    {0x2E80, 0x2FDF, Script::kHan},    // CJK and Kangxi Radicals
    {0x2FF0, 0x3004, Script::kNone},   // Ideographic Description Characters, CJK Symbols and Punctuation
    {0x3005, 0x3007, Script::kHan},    // iteration mark, closing mark, zero
    {0x3008, 0x3020, Script::kNone},    {0x3021, 0x3029, Script::kHan},  // Hangzhou numerals
    {0x302A, 0x303F, Script::kNone},    {0x3400, 0x4DBF, Script::kHan},  // CJK Unified Ideographs Extension A
    {0x4DC0, 0x4DFF, Script::kNone},                                     // Yijing Hexagram Symbols
    {0x4E00, 0x9FFF, Script::kHan},                                      // CJK Unified Ideographs
    {0xA720, 0xA7FF, Script::kLatin},                                    // Latin Extended-D
    {0xAB30, 0xAB6F, Script::kLatin},                                    // Latin Extended-E
    {0xD800, 0xF8FF, Script::kNone},                                     // surrogates, Private Use Area
    {0xF900, 0xFAFF, Script::kHan},                                      // CJK Compatibility Ideographs
    {0xFB00, 0xFB06, Script::kLatin},                                    // ligatures
    {0xFE00, 0xFE6F, Script::kNone},   // Variation Selectors to Small Form Variants
    {0xFEFF, 0xFF20, Script::kNone},   // byte order mark, full-width digits and marks
    {0xFF21, 0xFF3A, Script::kLatin},  // full-width letters
    {0xFF3B, 0xFF40, Script::kNone},    {0xFF41, 0xFF5A, Script::kLatin},
    {0xFF5B, 0xFF65, Script::kNone},    {0xFFE0, 0xFFFF, Script::kNone},  // full-width signs, Specials
    {0x1D000, 0x1FBFF, Script::kNone},                                    // music, mathematics, games, emoji
    {0x20000, 0x323AF, Script::kHan},    // Extensions B to H, Compatibility Ideographs Supplement
    {0xE0000, 0x10FFFF, Script::kNone},  // tags, private use
};

Script ScriptOf(char32_t c) {
  const Range* range = std::upper_bound(std::begin(kRanges), std::end(kRanges), c,
                                        [](char32_t value, const Range& r) { return value < r.first; });
  if (range == std::begin(kRanges)) return Script::kNone;
  --range;
  return c <= range->last ? range->script : Script::kOther;
}

// The character that the `length` bytes at the start of `text` encode; they are UTF-8.
char32_t Decode(std::string_view text, size_t length) {
  char32_t c = static_cast<unsigned char>(text[0]) & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) c = c << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
  return c;
}

}  // namespace

void ScriptCounts::Add(absl::string_view text) {
  const std::string_view all(text.data(), text.size());
  for (size_t at = 0; at < all.size();) {
    const unsigned char byte = static_cast<unsigned char>(all[at]);
    if (byte < 0x80) {
      latin += static_cast<unsigned char>((byte | 0x20) - 'a') < 26;
      ++at;
      continue;
    }
    const size_t length = edge::Utf8Length(all.substr(at));
    at += std::max<size_t>(length, 1);
    if (length == 0) continue;
    const Script script = ScriptOf(Decode(all.substr(at - length), length));
    latin += script == Script::kLatin;
    han += script == Script::kHan;
    other += script == Script::kOther;
  }
}

void ScriptCounts::Add(const ScriptCounts& counts) {
  latin += counts.latin;
  han += counts.han;
  other += counts.other;
}

}  // namespace bonsai
