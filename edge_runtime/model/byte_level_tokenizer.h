// The tokenizer behind tokenizer.h for byte-level BPE. Private to this package: users hold a Tokenizer.
//
// A special piece's name in a text is text like any other: nothing that is encoded can give a special id.
// Decode gives back the bytes that were encoded, whether they are UTF-8 or not.
//
// Immutable after Init; safe for concurrent use.
#ifndef BONSAI_EDGE_RUNTIME_MODEL_BYTE_LEVEL_TOKENIZER_H_
#define BONSAI_EDGE_RUNTIME_MODEL_BYTE_LEVEL_TOKENIZER_H_

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "edge_runtime/model/byte_level_vocabulary.h"
#include "edge_runtime/model/tokenizer.h"

namespace bonsai::edge {

class ByteLevelTokenizer : public Tokenizer {
 public:
  // On failure returns false; *error names the byte that has no piece, or the merge that is there twice.
  bool Init(ByteLevelVocabulary vocabulary, std::string* error);

  int32_t vocab_size() const override { return static_cast<int32_t>(pieces_.size()); }
  int32_t bos_id() const override { return bos_id_; }
  int32_t eos_id() const override { return eos_id_; }
  int32_t unk_id() const override { return -1; }
  std::vector<int32_t> Encode(std::string_view text) const override;
  std::string Decode(std::span<const int32_t> ids) const override;
  void Append(int32_t id, StreamedText* streamed) const override;
  std::string DecodePiece(int32_t id, int32_t previous_id) const override;
  std::string_view Piece(int32_t id) const override;
  float Score(int32_t id) const override;
  bool splits_words() const override { return true; }

 private:
  static constexpr size_t kShortWordBytes = 64;
  static constexpr uint32_t kNone = UINT32_MAX;

  // What two neighbours make; rank kNone: nothing.
  struct Made {
    uint32_t rank = kNone;
    int32_t piece = -1;
  };
  struct Place {
    uint64_t pair = 0;  // left << 32 | right
    Made made;          // rank kNone: the place is free
  };

  bool AddMerge(const ByteLevelVocabulary::Merge& merge, uint32_t rank);
  Made Find(int32_t left, int32_t right) const;
  size_t PlaceOf(uint64_t pair) const { return (pair * uint64_t{0x9E3779B97F4A7C15u}) >> shift_; }
  void EncodeShortWord(std::string_view word, std::vector<int32_t>* ids) const;
  void EncodeLongWord(std::string_view word, std::vector<int32_t>* ids) const;

  std::vector<ByteLevelVocabulary::Piece> pieces_;
  std::vector<std::string> names_;  // of the pieces, as the file writes them
  std::vector<float> scores_;
  std::array<int32_t, 256> byte_ids_;
  std::vector<Place> places_;  // open addressing, at most half full
  int shift_ = 63;
  int32_t bos_id_ = -1;
  int32_t eos_id_ = -1;
};

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_MODEL_BYTE_LEVEL_TOKENIZER_H_
