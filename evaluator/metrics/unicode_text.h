// What evaluation rules that are written in Python ask of a text's characters: general categories as in
// \p{P}, and str.lower. ICU's tables answer (Unicode 15 on Debian 12; Python 3.11 has 14). Called by metrics.
// Pure functions.
#ifndef BONSAI_EVALUATOR_METRICS_UNICODE_TEXT_H_
#define BONSAI_EVALUATOR_METRICS_UNICODE_TEXT_H_

#include <string>
#include <string_view>

#include "absl/strings/string_view.h"

namespace bonsai {

// The code points of UTF-8; every maximal malformed part becomes U+FFFD, as Python's errors="replace" has it.
std::u32string DecodeUtf8(absl::string_view text);
std::string EncodeUtf8(std::u32string_view text);

bool IsLetter(char32_t c);        // \p{L}
bool IsNumber(char32_t c);        // \p{N}
bool IsDecimalDigit(char32_t c);  // \p{Nd}: \d
bool IsPunctuation(char32_t c);   // \p{P}
bool IsSymbol(char32_t c);        // \p{S}
// A character of \w as Python's `re` has it: a letter, a number or '_' (no marks).
bool IsWordCharacter(char32_t c);
// Written without spaces between words: Han, Hiragana, Katakana, Bopomofo.
bool IsUnspacedScript(char32_t c);
// One of Python's string.punctuation: ASCII's 32.
bool IsAsciiPunctuation(char32_t c);

// str.lower, whole (with the final sigma and the dotted I).
std::string LowerCase(absl::string_view text);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_METRICS_UNICODE_TEXT_H_
