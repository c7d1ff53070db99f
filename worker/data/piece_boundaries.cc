#include "worker/data/piece_boundaries.h"

#include <string>
#include <string_view>
#include <utility>

namespace bonsai {
namespace {

constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Pieces that stand for a byte, as "<0x41>" does, or for nothing, as "<s>" does: text never merges into them.
bool MergesInto(const edge::Tokenizer& tokenizer, int32_t id) {
  const std::string_view piece = tokenizer.Piece(id);
  const std::string text = tokenizer.DecodePiece(id, /*previous_id=*/id);
  return !text.empty() && !(text.size() == 1 && piece.size() == 6);
}

std::string WithSpaces(std::string_view piece) {
  std::string text;
  while (!piece.empty()) {
    const bool space = piece.substr(0, kSpaceSymbol.size()) == kSpaceSymbol;
    text.push_back(space ? ' ' : piece.front());
    piece.remove_prefix(space ? kSpaceSymbol.size() : 1);
  }
  return text;
}

}  // namespace

PieceBoundaries::PieceBoundaries(const edge::Tokenizer& tokenizer) {
  // A byte that goes on with a character is part of what is before it.
  for (std::array<uint64_t, 4>& row : joined_) row[2] = ~uint64_t{0};  // 0x80 to 0xBF
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    if (!MergesInto(tokenizer, id)) continue;
    const std::string text = WithSpaces(tokenizer.Piece(id));
    for (size_t i = 1; i < text.size(); ++i) Join(text, i);
  }
}

void PieceBoundaries::Join(const std::string& piece, size_t at) {
  const auto bytes = [](uint8_t byte, bool replaced) {
    return replaced ? std::pair<int, int>{0x80, 0xFF} : std::pair<int, int>{byte, byte};
  };
  const bool after = at >= kReplacement.size() &&
                     piece.compare(at - kReplacement.size(), kReplacement.size(), kReplacement) == 0;
  const bool before = piece.compare(at, kReplacement.size(), kReplacement) == 0;
  const auto [left_first, left_last] = bytes(static_cast<uint8_t>(piece[at - 1]), after);
  const auto [right_first, right_last] = bytes(static_cast<uint8_t>(piece[at]), before);
  for (int left = left_first; left <= left_last; ++left) {
    for (int right = right_first; right <= right_last; ++right) {
      joined_[static_cast<size_t>(left)][static_cast<size_t>(right >> 6)] |= uint64_t{1} << (right & 63);
    }
  }
}

bool PieceBoundaries::Alone(uint8_t byte) const {
  for (int other = 0; other < 256; ++other) {
    const uint8_t right = static_cast<uint8_t>(other);
    if ((other < 0x80 || other > 0xBF) && !Between(byte, right)) return false;
    if (!Between(right, byte)) return false;
  }
  return true;
}

}  // namespace bonsai
