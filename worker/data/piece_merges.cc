#include "worker/data/piece_merges.h"

#include <algorithm>
#include <bit>
#include <string_view>

#include "edge_runtime/model/utf8.h"

namespace bonsai {
namespace {

constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";

// The bytes of the character that `text` starts with; a byte that is not UTF-8 is none.
size_t CharacterBytes(std::string_view text) {
  return static_cast<unsigned char>(text.front()) < 0x80 ? 1 : edge::Utf8Length(text);
}

// Whether text can merge into the piece: it is none of a byte, as "<0x41>" is, or of nothing, as "<s>" is.
bool IsText(const edge::Tokenizer& tokenizer, int32_t id) {
  const std::string text = tokenizer.DecodePiece(id, /*previous_id=*/id);
  return id != tokenizer.unk_id() && !text.empty() && !(text.size() == 1 && tokenizer.Piece(id).size() == 6);
}

}  // namespace

PieceMerges::PieceMerges(const edge::Tokenizer& tokenizer) {
  ascii_.fill(kNone);
  if (!tokenizer.merges_only()) return;
  absl::flat_hash_map<absl::string_view, uint32_t> pieces;
  size_t splits = 0;
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    scores_.push_back(tokenizer.Score(id));
    const std::string_view piece = tokenizer.Piece(id);
    if (piece.empty() || !IsText(tokenizer, id)) continue;
    const absl::string_view text(piece.data(), piece.size());
    pieces.emplace(text, static_cast<uint32_t>(id));
    splits += piece.size();
    if (CharacterBytes(piece) != piece.size()) continue;
    if (piece.size() == 1 && piece != " ") ascii_[static_cast<size_t>(piece[0])] = static_cast<uint32_t>(id);
    if (piece == kSpaceSymbol) ascii_[' '] = static_cast<uint32_t>(id);
    characters_.emplace(text, static_cast<uint32_t>(id));
  }
  const int bits = std::max(4, static_cast<int>(std::bit_width(2 * splits)));
  merges_.resize(size_t{1} << bits);
  shift_ = 64 - bits;
  for (const auto& [piece, id] : pieces) {
    for (size_t at = 0; at < piece.size();) {
      const size_t bytes = CharacterBytes({piece.data() + at, piece.size() - at});
      if (bytes == 0 || !characters_.contains(piece.substr(at, bytes))) return;
      at += bytes;
      const auto left = pieces.find(piece.substr(0, at));
      const auto right = pieces.find(piece.substr(at));
      if (left != pieces.end() && right != pieces.end()) Add(left->second, right->second, id);
    }
  }
  complete_ = true;
}

void PieceMerges::Add(uint32_t left, uint32_t right, uint32_t piece) {
  size_t place = PlaceOf(left << 16 | right);
  while (merges_[place].piece != 0) place = (place + 1) & (merges_.size() - 1);
  merges_[place] = {left << 16 | right, piece + 1};
}

uint32_t PieceMerges::Find(uint32_t left, uint32_t right) const {
  const uint32_t pair = left << 16 | right;
  for (size_t place = PlaceOf(pair); merges_[place].piece != 0; place = (place + 1) & (merges_.size() - 1)) {
    if (merges_[place].pair == pair) return merges_[place].piece - 1;
  }
  return kNone;
}

uint32_t PieceMerges::Character(absl::string_view character) const {
  if (character.size() == 1) return ascii_[static_cast<size_t>(character[0])];
  const auto found = characters_.find(character);
  return found == characters_.end() ? kNone : found->second;
}

// The best score first, then the leftmost, as SentencePiece merges; a word is too short for a heap to pay.
bool PieceMerges::Encode(absl::string_view word, uint16_t* ids, size_t* count) const {
  if (!complete_) return false;
  std::array<uint32_t, kWordBytesMax> pieces;
  std::array<uint32_t, kWordBytesMax> joined;  // what each makes with its right neighbour
  size_t n = 0;
  for (size_t at = 0; at < word.size(); ++n) {
    const size_t bytes = CharacterBytes({word.data() + at, word.size() - at});
    const uint32_t piece = bytes == 0 ? kNone : Character(word.substr(at, bytes));
    if (piece == kNone) return false;
    pieces[n] = piece;
    at += bytes;
  }
  for (size_t i = 0; i + 1 < n; ++i) joined[i] = Find(pieces[i], pieces[i + 1]);
  while (true) {
    size_t best = n;
    for (size_t i = 0; i + 1 < n; ++i) {
      if (joined[i] != kNone && (best == n || scores_[joined[i]] > scores_[joined[best]])) best = i;
    }
    if (best == n) break;
    pieces[best] = joined[best];
    --n;
    for (size_t i = best + 1; i < n; ++i) {
      pieces[i] = pieces[i + 1];
      joined[i] = joined[i + 1];
    }
    if (best > 0) joined[best - 1] = Find(pieces[best - 1], pieces[best]);
    if (best + 1 < n) joined[best] = Find(pieces[best], pieces[best + 1]);
  }
  std::copy(pieces.begin(), pieces.begin() + n, ids);
  *count = n;
  return true;
}

}  // namespace bonsai
