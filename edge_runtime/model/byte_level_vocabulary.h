// A byte-level BPE vocabulary: pieces of bytes and the merges that make them. Read from Hugging Face's
// tokenizer.json and from GPT-2's two files, written as tokenizer.json.
//
// Of a tokenizer.json, what is read is what GPT-2's is: no normalizer, the pre-tokenizer ByteLevel with its
// own word split and no space in front, the model BPE, the decoder ByteLevel, and added tokens that are
// special. What else would change the ids is refused by name. The post-processor (which token goes in front
// of a text) is left to whoever encodes. Pure functions; standard library only.
#ifndef BONSAI_EDGE_RUNTIME_MODEL_BYTE_LEVEL_VOCABULARY_H_
#define BONSAI_EDGE_RUNTIME_MODEL_BYTE_LEVEL_VOCABULARY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bonsai::edge {

struct ByteLevelVocabulary {
  struct Piece {
    std::string bytes;     // a special piece's name
    bool special = false;  // no text is encoded to it
  };
  struct Merge {
    int32_t left;
    int32_t right;
    int32_t piece;  // that the two make
  };
  std::vector<Piece> pieces;  // by id
  std::vector<Merge> merges;  // the first ones win
};

// Fills an empty *vocabulary. On failure returns false; *error names the key and what would be valid.
bool ReadTokenizerJson(std::string_view text, ByteLevelVocabulary* vocabulary, std::string* error);

// The same from GPT-2's vocab.json and merges.txt. Pieces named as IsBosName and IsEosName say are special.
bool ReadGpt2Files(std::string_view vocab_json, std::string_view merges_txt, ByteLevelVocabulary* vocabulary,
                   std::string* error);

// A tokenizer.json that the tokenizers library gives the same ids with, behind the id of BOS where one of the
// special pieces begins a text and does not end one.
std::string WriteTokenizerJson(const ByteLevelVocabulary& vocabulary);

// Which special piece begins a text, or ends it, is not said in these files: it is known by its name.
// "<|endoftext|>" does both.
bool IsBosName(std::string_view name);
bool IsEosName(std::string_view name);

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_MODEL_BYTE_LEVEL_VOCABULARY_H_
