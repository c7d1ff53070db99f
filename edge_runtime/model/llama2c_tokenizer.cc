#include "edge_runtime/model/llama2c_tokenizer.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "edge_runtime/model/bpe_tokenizer.h"

namespace bonsai::edge {
namespace {

constexpr uint32_t kPieceBytesMax = 1 << 16;

// The pieces of which the exporter writes another text.
constexpr std::string_view kBosText = "\n<s>\n";
constexpr std::string_view kEosText = "\n</s>\n";

uint32_t ReadWord(std::span<const uint8_t> bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value |= static_cast<uint32_t>(bytes[at + i]) << (8 * i);
  return value;
}

void AppendWord(uint32_t value, std::string* out) {
  for (int i = 0; i < 4; ++i) out->push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}

std::string Replace(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  while (!text.empty()) {
    const bool here = text.starts_with(from);
    out.append(here ? to : text.substr(0, 1));
    text.remove_prefix(here ? from.size() : 1);
  }
  return out;
}

// The format has no types: by convention id 0 is unknown, 1 and 2 begin and end, 3 to 258 are the bytes.
PieceType TypeById(int32_t id) {
  if (id == 0) return PieceType::kUnknown;
  if (id <= 2) return PieceType::kControl;
  return id < 259 ? PieceType::kByte : PieceType::kNormal;
}

bool ReadPiece(std::span<const uint8_t> bytes, int32_t id, size_t* at, SentencePiece* piece,
               std::string* error) {
  const std::string where = "tokenizer.bin: piece " + std::to_string(id) + " at byte " + std::to_string(*at);
  if (bytes.size() - *at < 8) {
    *error = where + ": the file ends";
    return false;
  }
  piece->score = std::bit_cast<float>(ReadWord(bytes, *at));
  const uint32_t length = ReadWord(bytes, *at + 4);
  *at += 8;
  if (length == 0 || length > kPieceBytesMax || length > bytes.size() - *at || std::isnan(piece->score)) {
    *error = where + ": length " + std::to_string(length) + ", score " + std::to_string(piece->score) +
             "; the length must be positive and within the file, the score a number";
    return false;
  }
  piece->text = Replace({reinterpret_cast<const char*>(bytes.data()) + *at, length}, " ", kSpaceSymbol);
  piece->type = TypeById(id);
  *at += length;
  return true;
}

}  // namespace

std::unique_ptr<Tokenizer> Tokenizer::ParseLlama2c(std::span<const uint8_t> bytes, int32_t vocab_size,
                                                   std::string* error) {
  constexpr int32_t kBytePieces = 256, kReserved = 3;
  if (bytes.size() < 4 || vocab_size < kReserved + kBytePieces || vocab_size > (1 << 22)) {
    *error = "tokenizer.bin: " + std::to_string(bytes.size()) + " bytes for " + std::to_string(vocab_size) +
             " pieces; there must be 259 or more pieces and the file must hold them";
    return nullptr;
  }
  SentencePieceModel model;
  size_t at = 4;  // the longest piece's length comes first: only a hint for buffers
  for (int32_t id = 0; id < vocab_size; ++id) {
    model.pieces.emplace_back();
    if (!ReadPiece(bytes, id, &at, &model.pieces.back(), error)) return nullptr;
  }
  if (at != bytes.size()) {
    *error =
        "tokenizer.bin: the pieces end at byte " + std::to_string(at) + " of " + std::to_string(bytes.size());
    return nullptr;
  }
  model.pieces[1].text = "<s>";
  model.pieces[2].text = "</s>";
  model.byte_fallback = true;
  model.normalizer.remove_extra_whitespaces = false;
  auto tokenizer = std::make_unique<BpeTokenizer>();
  if (!tokenizer->Init(std::move(model), error)) return nullptr;
  return tokenizer;
}

std::string WriteLlama2cTokenizer(const Tokenizer& tokenizer) {
  std::string pieces;
  size_t longest = 0;
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    std::string text = Replace(tokenizer.Piece(id), kSpaceSymbol, " ");
    if (id == tokenizer.bos_id()) text = kBosText;
    if (id == tokenizer.eos_id()) text = kEosText;
    longest = std::max(longest, text.size());
    AppendWord(std::bit_cast<uint32_t>(tokenizer.Score(id)), &pieces);
    AppendWord(static_cast<uint32_t>(text.size()), &pieces);
    pieces += text;
  }
  std::string out;
  AppendWord(static_cast<uint32_t>(longest), &out);
  return out + pieces;
}

}  // namespace bonsai::edge
