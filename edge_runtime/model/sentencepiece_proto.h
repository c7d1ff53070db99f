// The part of SentencePiece's ModelProto that tokenizing needs, read from a tokenizer.model by a bounded
// reader of the protobuf wire format. Only the tokenizer uses it. Pure functions, standard library only.
#ifndef BONSAI_EDGE_RUNTIME_MODEL_SENTENCEPIECE_PROTO_H_
#define BONSAI_EDGE_RUNTIME_MODEL_SENTENCEPIECE_PROTO_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace bonsai::edge {

// Numbered as in sentencepiece_model.proto.
enum class PieceType { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

struct SentencePiece {
  std::string text;
  float score = 0;
  PieceType type = PieceType::kNormal;
};

struct NormalizerSpec {
  std::string charsmap;  // precompiled_charsmap; empty for the identity
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;
};

struct SentencePieceModel {
  std::vector<SentencePiece> pieces;
  NormalizerSpec normalizer;
  bool byte_fallback = false;
  std::string unk_surface = " \xE2\x81\x87 ";  // what Decode gives for the unknown piece
  std::string bos_piece = "<s>";
  std::string eos_piece = "</s>";
};

// Refuses models that are not BPE, and settings that this tokenizer does not reproduce
// (treat_whitespace_as_suffix, a denormalizer). On failure returns false; *error names the field and the byte
// offset.
bool ParseSentencePieceModel(std::span<const uint8_t> bytes, SentencePieceModel* model, std::string* error);

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_MODEL_SENTENCEPIECE_PROTO_H_
