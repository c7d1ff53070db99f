// UTF-8, decoded strictly: overlong forms, surrogates and code points beyond U+10FFFF are malformed. The JSON
// reader and the tokenizer share it. Pure functions.
#ifndef BONSAI_EDGE_RUNTIME_MODEL_UTF8_H_
#define BONSAI_EDGE_RUNTIME_MODEL_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bonsai::edge {

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD

// The bytes of the character that `text` starts with, 1 to 4; 0 if it is empty or malformed there.
size_t Utf8Length(std::string_view text);

// Appends the UTF-8 form of `code_point`, which is below 0x110000 and no surrogate.
void AppendUtf8(uint32_t code_point, std::string* out);

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_MODEL_UTF8_H_
