#include "edge_runtime/model/sentencepiece_proto.h"

#include <bit>
#include <cmath>
#include <functional>

namespace bonsai::edge {
namespace {

constexpr size_t kPiecesMax = size_t{1} << 22;

// One field of a message. `number` is its value for varint and fixed fields; `bytes` for length-delimited
// ones.
struct WireField {
  uint32_t tag = 0;
  int type = 0;
  uint64_t number = 0;
  std::span<const uint8_t> bytes;
};

// Walks the fields of one message. Errors carry the offset in the whole file.
class WireReader {
 public:
  WireReader(std::span<const uint8_t> message, const uint8_t* file) : message_(message), file_(file) {}

  bool AtEnd() const { return at_ == message_.size(); }

  bool Next(WireField* field, std::string* error) {
    const size_t begin = at_;
    uint64_t key = 0;
    bool ok = Varint(&key) && key >> 3 != 0 && key >> 3 < (1u << 29);
    field->tag = static_cast<uint32_t>(key >> 3);
    field->type = static_cast<int>(key & 7);
    ok = ok && Value(field);
    if (!ok) {
      *error = "malformed protobuf field at byte " + std::to_string(message_.data() + begin - file_);
    }
    return ok;
  }

 private:
  bool Varint(uint64_t* value) {
    *value = 0;
    for (int shift = 0; shift < 64 && at_ < message_.size(); shift += 7) {
      const uint8_t byte = message_[at_++];
      *value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  bool Fixed(size_t size, uint64_t* value) {
    if (message_.size() - at_ < size) return false;
    *value = 0;
    for (size_t i = 0; i < size; ++i) *value |= static_cast<uint64_t>(message_[at_++]) << (8 * i);
    return true;
  }

  bool Value(WireField* field) {
    switch (field->type) {
      case 0:
        return Varint(&field->number);
      case 1:
        return Fixed(8, &field->number);
      case 2: {
        if (!Varint(&field->number) || field->number > message_.size() - at_) return false;
        field->bytes = message_.subspan(at_, field->number);
        at_ += field->number;
        return true;
      }
      case 5:
        return Fixed(4, &field->number);
      default:
        return false;  // groups: no version of the format has them
    }
  }

  std::span<const uint8_t> message_;
  const uint8_t* file_;
  size_t at_ = 0;
};

using FieldVisitor = std::function<bool(const WireField&, std::string*)>;

bool VisitFields(std::span<const uint8_t> message, const uint8_t* file, const FieldVisitor& visit,
                 std::string* error) {
  WireReader reader(message, file);
  WireField field;
  while (!reader.AtEnd()) {
    if (!reader.Next(&field, error) || !visit(field, error)) return false;
  }
  return true;
}

std::string Text(const WireField& field) {
  return std::string(reinterpret_cast<const char*>(field.bytes.data()), field.bytes.size());
}

bool Is(const WireField& field, uint32_t tag, int type) { return field.tag == tag && field.type == type; }

constexpr int kVarint = 0, kBytes = 2, kFixed32 = 5;

bool ParsePiece(std::span<const uint8_t> message, const uint8_t* file, SentencePiece* piece,
                std::string* error) {
  return VisitFields(
      message, file,
      [&](const WireField& field, std::string* why) {
        if (Is(field, 1, kBytes)) piece->text = Text(field);
        if (Is(field, 2, kFixed32)) piece->score = std::bit_cast<float>(static_cast<uint32_t>(field.number));
        if (Is(field, 3, kVarint)) {
          if (field.number < 1 || field.number > 6) {
            *why = "piece type " + std::to_string(field.number) + "; it must be 1 to 6";
            return false;
          }
          piece->type = static_cast<PieceType>(field.number);
        }
        return true;
      },
      error);
}

bool ParseTrainerSpec(std::span<const uint8_t> message, const uint8_t* file, SentencePieceModel* model,
                      std::string* error) {
  uint64_t model_type = 1;  // the proto's default: unigram
  bool suffix = false;
  const bool ok = VisitFields(
      message, file,
      [&](const WireField& field, std::string*) {
        if (Is(field, 3, kVarint)) model_type = field.number;
        if (Is(field, 24, kVarint)) suffix = field.number != 0;
        if (Is(field, 35, kVarint)) model->byte_fallback = field.number != 0;
        if (Is(field, 44, kBytes)) model->unk_surface = Text(field);
        if (Is(field, 46, kBytes)) model->bos_piece = Text(field);
        if (Is(field, 47, kBytes)) model->eos_piece = Text(field);
        return true;
      },
      error);
  if (!ok) return false;
  if (model_type != 2) {
    *error = "trainer_spec.model_type is " + std::to_string(model_type) + "; supported is 2 (BPE)";
  } else if (suffix) {
    *error = "trainer_spec.treat_whitespace_as_suffix is true; supported is false";
  }
  return error->empty();
}

bool ParseNormalizerSpec(std::span<const uint8_t> message, const uint8_t* file, NormalizerSpec* spec,
                         std::string* error) {
  return VisitFields(
      message, file,
      [&](const WireField& field, std::string*) {
        if (Is(field, 2, kBytes)) spec->charsmap = Text(field);
        if (Is(field, 3, kVarint)) spec->add_dummy_prefix = field.number != 0;
        if (Is(field, 4, kVarint)) spec->remove_extra_whitespaces = field.number != 0;
        if (Is(field, 5, kVarint)) spec->escape_whitespaces = field.number != 0;
        return true;
      },
      error);
}

bool CheckPiece(const SentencePiece& piece, size_t id, std::string* error) {
  if (!piece.text.empty() && !std::isnan(piece.score)) return true;
  *error = "piece " + std::to_string(id) +
           (piece.text.empty() ? " is empty" : " has a score that is not a number");
  return false;
}

}  // namespace

bool ParseSentencePieceModel(std::span<const uint8_t> bytes, SentencePieceModel* model, std::string* error) {
  error->clear();
  const uint8_t* file = bytes.data();
  bool trained = false;
  const auto visit = [&](const WireField& field, std::string* why) {
    if (Is(field, 1, kBytes)) {
      if (model->pieces.size() >= kPiecesMax) {
        *why = "more than " + std::to_string(kPiecesMax) + " pieces";
        return false;
      }
      model->pieces.emplace_back();
      return ParsePiece(field.bytes, file, &model->pieces.back(), why) &&
             CheckPiece(model->pieces.back(), model->pieces.size() - 1, why);
    }
    if (Is(field, 2, kBytes)) {
      trained = true;
      return ParseTrainerSpec(field.bytes, file, model, why);
    }
    if (Is(field, 3, kBytes)) return ParseNormalizerSpec(field.bytes, file, &model->normalizer, why);
    if (Is(field, 5, kBytes)) {
      NormalizerSpec denormalizer;
      if (!ParseNormalizerSpec(field.bytes, file, &denormalizer, why)) return false;
      if (!denormalizer.charsmap.empty()) *why = "denormalizer_spec has a charsmap; that is not supported";
      return why->empty();
    }
    return true;
  };
  bool ok = VisitFields(bytes, file, visit, error);
  if (ok && (model->pieces.empty() || !trained)) {
    *error = model->pieces.empty() ? "no pieces: not a SentencePiece model" : "trainer_spec is missing";
    ok = false;
  }
  if (!ok) *error = "tokenizer.model: " + *error;
  return ok;
}

}  // namespace bonsai::edge
