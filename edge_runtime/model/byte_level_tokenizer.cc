#include "edge_runtime/model/byte_level_tokenizer.h"

#include <algorithm>
#include <bit>
#include <queue>
#include <utility>

#include "edge_runtime/model/byte_alphabet.h"
#include "edge_runtime/model/word_split.h"

namespace bonsai::edge {
namespace {

uint64_t PairOf(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

struct Symbol {
  int32_t piece = -1;  // -1: merged into the one before it
  int32_t previous = -1;
  int32_t next = -1;
};

// Two neighbours that make a piece. `right_piece` and `left_piece` tell whether they still are what they
// were.
struct Proposal {
  uint32_t rank;
  int32_t left;
  int32_t left_piece;
  int32_t right_piece;
  int32_t made;

  // The lowest rank first, then leftmost.
  bool operator<(const Proposal& other) const {
    return rank != other.rank ? rank > other.rank : left > other.left;
  }
};

}  // namespace

bool ByteLevelTokenizer::Init(ByteLevelVocabulary vocabulary, std::string* error) {
  pieces_ = std::move(vocabulary.pieces);
  byte_ids_.fill(-1);
  for (size_t i = 0; i < pieces_.size(); ++i) {
    const ByteLevelVocabulary::Piece& piece = pieces_[i];
    const int32_t id = static_cast<int32_t>(i);
    names_.push_back(piece.special ? piece.bytes : WriteInByteAlphabet(piece.bytes));
    if (!piece.special && piece.bytes.size() == 1) byte_ids_[static_cast<unsigned char>(piece.bytes[0])] = id;
    if (piece.special && IsBosName(piece.bytes) && (bos_id_ < 0 || !IsEosName(piece.bytes))) bos_id_ = id;
    if (piece.special && IsEosName(piece.bytes) && (eos_id_ < 0 || !IsBosName(piece.bytes))) eos_id_ = id;
  }
  const auto missing = std::find(byte_ids_.begin(), byte_ids_.end(), -1);
  if (missing != byte_ids_.end()) {
    *error = "tokenizer: there is no piece for byte " + std::to_string(missing - byte_ids_.begin());
    return false;
  }
  const int bits = std::max(4, static_cast<int>(std::bit_width(2 * vocabulary.merges.size())));
  places_.resize(size_t{1} << bits);
  shift_ = 64 - bits;
  scores_.resize(pieces_.size());
  for (size_t rank = 0; rank < vocabulary.merges.size(); ++rank) {
    const ByteLevelVocabulary::Merge& merge = vocabulary.merges[rank];
    if (!AddMerge(merge, static_cast<uint32_t>(rank))) {
      *error = "tokenizer: merges[" + std::to_string(rank) + "] was there before";
      return false;
    }
    scores_[static_cast<size_t>(merge.piece)] = -static_cast<float>(rank);
  }
  return true;
}

bool ByteLevelTokenizer::AddMerge(const ByteLevelVocabulary::Merge& merge, uint32_t rank) {
  const uint64_t pair = PairOf(merge.left, merge.right);
  size_t place = PlaceOf(pair);
  for (; places_[place].made.rank != kNone; place = (place + 1) & (places_.size() - 1)) {
    if (places_[place].pair == pair) return false;
  }
  places_[place] = {pair, {rank, merge.piece}};
  return true;
}

ByteLevelTokenizer::Made ByteLevelTokenizer::Find(int32_t left, int32_t right) const {
  const uint64_t pair = PairOf(left, right);
  size_t place = PlaceOf(pair);
  for (; places_[place].made.rank != kNone; place = (place + 1) & (places_.size() - 1)) {
    if (places_[place].pair == pair) return places_[place].made;
  }
  return {};
}

std::vector<int32_t> ByteLevelTokenizer::Encode(std::string_view text) const {
  std::vector<int32_t> ids;
  while (!text.empty()) {
    const size_t bytes = FirstWord(text);
    const std::string_view word = text.substr(0, bytes);
    bytes <= kShortWordBytes ? EncodeShortWord(word, &ids) : EncodeLongWord(word, &ids);
    text.remove_prefix(bytes);
  }
  return ids;
}

// A word is too short for a heap to pay.
void ByteLevelTokenizer::EncodeShortWord(std::string_view word, std::vector<int32_t>* ids) const {
  std::array<int32_t, kShortWordBytes> pieces;
  std::array<Made, kShortWordBytes> made;  // what each makes with its right neighbour
  size_t n = word.size();
  for (size_t i = 0; i < n; ++i) pieces[i] = byte_ids_[static_cast<unsigned char>(word[i])];
  for (size_t i = 0; i + 1 < n; ++i) made[i] = Find(pieces[i], pieces[i + 1]);
  while (n > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < n; ++i) {
      if (made[i].rank < made[best].rank) best = i;
    }
    if (made[best].rank == kNone) break;
    pieces[best] = made[best].piece;
    --n;
    for (size_t i = best + 1; i < n; ++i) {
      pieces[i] = pieces[i + 1];
      made[i] = made[i + 1];
    }
    if (best > 0) made[best - 1] = Find(pieces[best - 1], pieces[best]);
    if (best + 1 < n) made[best] = Find(pieces[best], pieces[best + 1]);
  }
  ids->insert(ids->end(), pieces.begin(), pieces.begin() + static_cast<std::ptrdiff_t>(n));
}

// Every pair is noted in a heap when it comes up: O(n log n).
void ByteLevelTokenizer::EncodeLongWord(std::string_view word, std::vector<int32_t>* ids) const {
  std::vector<Symbol> symbols(word.size());
  for (size_t i = 0; i < word.size(); ++i) {
    const int32_t index = static_cast<int32_t>(i);
    symbols[i] = {byte_ids_[static_cast<unsigned char>(word[i])], index - 1,
                  i + 1 < word.size() ? index + 1 : -1};
  }
  std::priority_queue<Proposal> agenda;
  const auto propose = [&](int32_t left) {
    if (left < 0 || symbols[static_cast<size_t>(left)].next < 0) return;
    const int32_t a = symbols[static_cast<size_t>(left)].piece;
    const int32_t b = symbols[static_cast<size_t>(symbols[static_cast<size_t>(left)].next)].piece;
    const Made made = Find(a, b);
    if (made.rank != kNone) agenda.push({made.rank, left, a, b, made.piece});
  };
  for (size_t i = 0; i < symbols.size(); ++i) propose(static_cast<int32_t>(i));
  while (!agenda.empty()) {
    const Proposal best = agenda.top();
    agenda.pop();
    Symbol& left = symbols[static_cast<size_t>(best.left)];
    if (left.piece != best.left_piece || left.next < 0) continue;
    Symbol& right = symbols[static_cast<size_t>(left.next)];
    if (right.piece != best.right_piece) continue;
    left.piece = best.made;
    left.next = right.next;
    right.piece = -1;
    if (left.next >= 0) symbols[static_cast<size_t>(left.next)].previous = best.left;
    propose(left.previous);
    propose(best.left);
  }
  for (const Symbol& symbol : symbols) {
    if (symbol.piece >= 0) ids->push_back(symbol.piece);
  }
}

std::string ByteLevelTokenizer::Decode(std::span<const int32_t> ids) const {
  std::string text;
  for (const int32_t id : ids) {
    if (id < 0 || id >= vocab_size() || pieces_[static_cast<size_t>(id)].special) continue;
    text += pieces_[static_cast<size_t>(id)].bytes;
  }
  return text;
}

void ByteLevelTokenizer::Append(int32_t id, StreamedText* streamed) const {
  streamed->settled += Decode({&id, 1});
}

std::string ByteLevelTokenizer::DecodePiece(int32_t id, int32_t /*previous_id*/) const {
  return Decode({&id, 1});
}

std::string_view ByteLevelTokenizer::Piece(int32_t id) const {
  if (id < 0 || id >= vocab_size()) return {};
  return names_[static_cast<size_t>(id)];
}

float ByteLevelTokenizer::Score(int32_t id) const {
  if (id < 0 || id >= vocab_size()) return 0;
  return scores_[static_cast<size_t>(id)];
}

}  // namespace bonsai::edge
