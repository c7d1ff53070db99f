#include "evaluator/metrics/unicode_text.h"

#include <cstdint>

#include "unicode/locid.h"
#include "unicode/uchar.h"
#include "unicode/unistr.h"
#include "unicode/uscript.h"
#include "unicode/utf8.h"

namespace bonsai {
namespace {

bool HasCategory(char32_t c, uint32_t mask) { return (U_GET_GC_MASK(static_cast<UChar32>(c)) & mask) != 0; }

}  // namespace

std::u32string DecodeUtf8(absl::string_view text) {
  std::u32string decoded;
  decoded.reserve(text.size());
  const auto length = static_cast<int32_t>(text.size());
  for (int32_t i = 0; i < length;) {
    UChar32 c = 0;
    U8_NEXT_OR_FFFD(text.data(), i, length, c);
    decoded.push_back(static_cast<char32_t>(c));
  }
  return decoded;
}

std::string EncodeUtf8(std::u32string_view text) {
  std::string encoded;
  encoded.reserve(text.size());
  for (const char32_t c : text) {
    uint8_t bytes[U8_MAX_LENGTH];
    int32_t length = 0;
    U8_APPEND_UNSAFE(bytes, length, static_cast<uint32_t>(c));
    encoded.append(reinterpret_cast<const char*>(bytes), length);
  }
  return encoded;
}

bool IsLetter(char32_t c) { return HasCategory(c, U_GC_L_MASK); }
bool IsNumber(char32_t c) { return HasCategory(c, U_GC_N_MASK); }
bool IsDecimalDigit(char32_t c) { return HasCategory(c, U_GC_ND_MASK); }
bool IsPunctuation(char32_t c) { return HasCategory(c, U_GC_P_MASK); }
bool IsSymbol(char32_t c) { return HasCategory(c, U_GC_S_MASK); }
bool IsWordCharacter(char32_t c) { return c == U'_' || HasCategory(c, U_GC_L_MASK | U_GC_N_MASK); }

bool IsUnspacedScript(char32_t c) {
  UErrorCode error = U_ZERO_ERROR;
  switch (uscript_getScript(static_cast<UChar32>(c), &error)) {
    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_BOPOMOFO:
      return true;
    default:
      return false;
  }
}

bool IsAsciiPunctuation(char32_t c) {
  return (c >= U'!' && c <= U'/') || (c >= U':' && c <= U'@') || (c >= U'[' && c <= U'`') ||
         (c >= U'{' && c <= U'~');
}

std::string LowerCase(absl::string_view text) {
  icu::UnicodeString whole =
      icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
  std::string lower;
  whole.toLower(icu::Locale::getRoot()).toUTF8String(lower);
  return lower;
}

}  // namespace bonsai
