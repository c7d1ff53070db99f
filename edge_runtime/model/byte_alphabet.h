// GPT-2's alphabet of bytes: a printable character for each, by which vocabularies and merges are written
// down. '!' to '~', U+00A1 to U+00AC and U+00AE to U+00FF stand for themselves, the other 68 bytes, in their
// order, are U+0100 and on: a space is "Ġ".
//
// Used by the readers and the writer of byte-level vocabularies. Pure functions.
#ifndef BONSAI_EDGE_RUNTIME_MODEL_BYTE_ALPHABET_H_
#define BONSAI_EDGE_RUNTIME_MODEL_BYTE_ALPHABET_H_

#include <string>
#include <string_view>

namespace bonsai::edge {

std::string WriteInByteAlphabet(std::string_view bytes);

// False if `text` holds another character.
bool ReadByteAlphabet(std::string_view text, std::string* bytes);

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_MODEL_BYTE_ALPHABET_H_
