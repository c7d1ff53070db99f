// Whether a character is a letter, a number or white space, as regular expressions have it: \p{L}, \p{N} and
// \s. The table is made when Bonsai is built, from the Unicode version of that machine's python3 (14.0 on
// Debian 12). Called by the word split. Pure functions.
#ifndef BONSAI_EDGE_RUNTIME_MODEL_UNICODE_CLASS_H_
#define BONSAI_EDGE_RUNTIME_MODEL_UNICODE_CLASS_H_

#include <cstdint>

namespace bonsai::edge {

enum class UnicodeClass : uint8_t { kOther = 0, kLetter = 1, kNumber = 2, kSpace = 3 };

// kOther beyond U+10FFFF.
UnicodeClass UnicodeClassOf(uint32_t code_point);

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_MODEL_UNICODE_CLASS_H_
