#include "edge_runtime/model/word_split.h"

#include <array>
#include <cstdint>

#include "edge_runtime/model/unicode_class.h"
#include "edge_runtime/model/utf8.h"

namespace bonsai::edge {
namespace {

constexpr std::array<UnicodeClass, 128> AsciiClasses() {
  std::array<UnicodeClass, 128> classes = {};
  for (size_t c = 0; c < 128; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter) classes[c] = UnicodeClass::kLetter;
    if (c >= '0' && c <= '9') classes[c] = UnicodeClass::kNumber;
    if (c == ' ' || (c >= 9 && c <= 13)) classes[c] = UnicodeClass::kSpace;
  }
  return classes;
}

constexpr std::array<UnicodeClass, 128> kAsciiClasses = AsciiClasses();

struct Character {
  UnicodeClass type;
  size_t bytes;
};

Character DecodeCharacter(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const size_t bytes = Utf8Length(text);
  if (bytes < 2) return {UnicodeClass::kOther, 1};
  uint32_t code_point = byte(0) & (0x7Fu >> bytes);
  for (size_t i = 1; i < bytes; ++i) code_point = code_point << 6 | (byte(i) & 0x3Fu);
  return {UnicodeClassOf(code_point), bytes};
}

// The character at byte `at`, which lies in the text.
inline Character CharacterAt(std::string_view text, size_t at) {
  const unsigned char lead = static_cast<unsigned char>(text[at]);
  return lead < 0x80 ? Character{kAsciiClasses[lead], 1} : DecodeCharacter(text.substr(at));
}

// The bytes of 's, 't, 're, 've, 'm, 'll or 'd at the beginning; 0 if there is none.
size_t Contraction(std::string_view text) {
  if (text.size() < 2) return 0;
  switch (text[1]) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return 2;
    case 'r':
    case 'v':
      return text.size() > 2 && text[2] == 'e' ? 3 : 0;
    case 'l':
      return text.size() > 2 && text[2] == 'l' ? 3 : 0;
    default:
      return 0;
  }
}

// White space: all of it at the end of the text, or all but its last character, or that one alone.
size_t SpaceRun(std::string_view text, size_t first) {
  size_t last = 0;
  for (size_t at = first; at < text.size();) {
    const Character character = CharacterAt(text, at);
    if (character.type != UnicodeClass::kSpace) return last > 0 ? last : at;
    last = at;
    at += character.bytes;
  }
  return text.size();
}

}  // namespace

size_t FirstWord(std::string_view text) {
  if (text[0] == '\'') {
    if (const size_t bytes = Contraction(text); bytes > 0) return bytes;
  }
  Character character = CharacterAt(text, 0);
  size_t at = character.bytes;
  if (text[0] == ' ' && text.size() > 1) {
    character = CharacterAt(text, 1);
    if (character.type != UnicodeClass::kSpace) at += character.bytes;
  }
  if (character.type == UnicodeClass::kSpace) return SpaceRun(text, at);
  while (at < text.size()) {
    const Character next = CharacterAt(text, at);
    if (next.type != character.type) break;
    at += next.bytes;
  }
  return at;
}

}  // namespace bonsai::edge
