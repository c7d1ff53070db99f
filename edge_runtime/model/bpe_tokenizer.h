// The tokenizer behind tokenizer.h for SentencePiece's models, in both of their file formats. Private to this
// package: users hold a Tokenizer.
//
// Immutable after Init; safe for concurrent use.
#ifndef BONSAI_EDGE_RUNTIME_MODEL_BPE_TOKENIZER_H_
#define BONSAI_EDGE_RUNTIME_MODEL_BPE_TOKENIZER_H_

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "edge_runtime/model/normalizer.h"
#include "edge_runtime/model/sentencepiece_proto.h"
#include "edge_runtime/model/tokenizer.h"

namespace bonsai::edge {

class BpeTokenizer : public Tokenizer {
 public:
  // On failure returns false; *error names the piece.
  bool Init(SentencePieceModel model, std::string* error);

  int32_t vocab_size() const override { return static_cast<int32_t>(model_.pieces.size()); }
  int32_t bos_id() const override { return bos_id_; }
  int32_t eos_id() const override { return eos_id_; }
  int32_t unk_id() const override { return unk_id_; }
  std::vector<int32_t> Encode(std::string_view text) const override;
  std::string Decode(std::span<const int32_t> ids) const override;
  void Append(int32_t id, StreamedText* streamed) const override;
  std::string DecodePiece(int32_t id, int32_t previous_id) const override;
  std::string_view Piece(int32_t id) const override;
  float Score(int32_t id) const override;
  bool merges_only() const override { return merges_only_; }

 private:
  // The pieces of normalized text.
  std::vector<std::string_view> Segment(std::string_view text) const;
  // Appends `piece`, taken apart again where it is an unused one.
  void SplitUnused(std::string_view piece, const std::unordered_map<std::string_view, size_t>& splits,
                   std::vector<std::string_view>* out) const;
  // Adds an id to what is settled, or to the run of bytes.
  void Settle(int32_t id, StreamedText* streamed) const;
  std::string Surface(int32_t id, bool at_start, bool* dropped_space) const;
  int32_t IdOf(std::string_view piece) const;
  int32_t ControlId(std::string_view piece) const;
  PieceType TypeOf(int32_t id) const { return model_.pieces[static_cast<size_t>(id)].type; }

  SentencePieceModel model_;
  std::unordered_map<std::string_view, int32_t> pieces_;    // what text can merge into; keys lie in model_
  std::unordered_map<std::string_view, int32_t> reserved_;  // control, unknown and byte pieces
  std::vector<int32_t> byte_ids_;                           // by byte; -1 if there is none
  PrefixMatcher matcher_;
  Normalizer normalizer_;
  int32_t bos_id_ = -1;
  int32_t eos_id_ = -1;
  int32_t unk_id_ = -1;
  bool merges_only_ = true;
};

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_MODEL_BPE_TOKENIZER_H_
