#include "edge_runtime/model/byte_alphabet.h"

#include <array>
#include <cstdint>

#include "edge_runtime/model/utf8.h"

namespace bonsai::edge {
namespace {

constexpr bool StandsForItself(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr std::array<uint16_t, 256> CharacterOfByte() {
  std::array<uint16_t, 256> characters = {};
  uint16_t next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    characters[static_cast<size_t>(byte)] = StandsForItself(byte) ? static_cast<uint16_t>(byte) : next++;
  }
  return characters;
}

constexpr std::array<uint16_t, 256> kCharacters = CharacterOfByte();

// By character, up to the last that there is; -1: none.
constexpr std::array<int16_t, 324> ByteOfCharacter() {
  std::array<int16_t, 324> bytes = {};
  for (int16_t& byte : bytes) byte = -1;
  for (size_t byte = 0; byte < 256; ++byte) bytes[kCharacters[byte]] = static_cast<int16_t>(byte);
  return bytes;
}

constexpr std::array<int16_t, 324> kBytes = ByteOfCharacter();

}  // namespace

std::string WriteInByteAlphabet(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) AppendUtf8(kCharacters[static_cast<unsigned char>(byte)], &text);
  return text;
}

bool ReadByteAlphabet(std::string_view text, std::string* bytes) {
  bytes->clear();
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    if (length != 1 && length != 2) return false;
    const uint32_t lead = static_cast<unsigned char>(text[0]);
    const uint32_t character =
        length == 1 ? lead : (lead & 0x1F) << 6 | (static_cast<unsigned char>(text[1]) & 0x3F);
    if (character >= kBytes.size() || kBytes[character] < 0) return false;
    bytes->push_back(static_cast<char>(kBytes[character]));
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace bonsai::edge
