#include "edge_runtime/model/tokenizer.h"

#include <charconv>
#include <queue>
#include <unordered_map>

#include "edge_runtime/model/bpe_tokenizer.h"
#include "edge_runtime/model/byte_level_tokenizer.h"
#include "edge_runtime/model/utf8.h"

namespace bonsai::edge {
namespace {

// The value of a byte piece, "<0x41>"; -1 if `piece` is not one.
int ByteValue(std::string_view piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece.back() != '>') return -1;
  int value = 0;
  const auto result = std::from_chars(piece.data() + 3, piece.data() + 5, value, 16);
  return result.ptr == piece.data() + 5 ? value : -1;
}

std::string WithSpaces(std::string_view piece) {
  std::string out;
  while (!piece.empty()) {
    const bool space = piece.starts_with(kSpaceSymbol);
    out.push_back(space ? ' ' : piece.front());
    piece.remove_prefix(space ? kSpaceSymbol.size() : 1);
  }
  return out;
}

// The characters of `bytes`; every byte that is part of none becomes U+FFFD.
std::string ValidUtf8(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    const size_t length = Utf8Length(bytes);
    out.append(length == 0 ? kReplacementCharacter : bytes.substr(0, length));
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

struct Symbol {
  int32_t previous = -1;
  int32_t next = -1;
  bool whole = false;  // a user-defined piece: never merged
  std::string_view text;
};

// Two neighbours that a piece joins. `size` tells whether they are still what they were when this was noted.
struct Merge {
  int32_t left;
  int32_t right;
  float score;
  size_t size;

  // Best score first, then leftmost.
  bool operator<(const Merge& other) const {
    return score != other.score ? score < other.score : left > other.left;
  }
};

}  // namespace

bool BpeTokenizer::Init(SentencePieceModel model, std::string* error) {
  model_ = std::move(model);
  std::vector<std::string> user_defined;
  byte_ids_.assign(256, -1);
  for (size_t i = 0; i < model_.pieces.size(); ++i) {
    const SentencePiece& piece = model_.pieces[i];
    const int32_t id = static_cast<int32_t>(i);
    const bool mergeable = piece.type == PieceType::kNormal || piece.type == PieceType::kUserDefined ||
                           piece.type == PieceType::kUnused;
    if (!(mergeable ? pieces_ : reserved_).emplace(piece.text, id).second) {
      *error = "tokenizer: piece " + std::to_string(i) + " (\"" + piece.text + "\") occurs twice";
      return false;
    }
    if (piece.type == PieceType::kUserDefined) user_defined.push_back(piece.text);
    if (piece.type == PieceType::kUserDefined || piece.type == PieceType::kUnused) merges_only_ = false;
    if (piece.type == PieceType::kUnknown && unk_id_ < 0) unk_id_ = id;
    if (piece.type == PieceType::kByte) {
      const int value = ByteValue(piece.text);
      if (value < 0) {
        *error = "tokenizer: byte piece " + std::to_string(i) + " is \"" + piece.text +
                 "\"; it must be like <0x41>";
        return false;
      }
      byte_ids_[static_cast<size_t>(value)] = id;
    }
  }
  if (unk_id_ < 0) {
    *error = "tokenizer: there is no unknown piece";
    return false;
  }
  for (size_t value = 0; model_.byte_fallback && value < 256; ++value) {
    if (byte_ids_[value] >= 0) continue;
    *error = "tokenizer: byte fallback is on, and there is no piece for byte " + std::to_string(value);
    return false;
  }
  bos_id_ = ControlId(model_.bos_piece);
  eos_id_ = ControlId(model_.eos_piece);
  matcher_ = PrefixMatcher(std::move(user_defined));
  return normalizer_.Init(std::move(model_.normalizer), &matcher_, error);
}

int32_t BpeTokenizer::ControlId(std::string_view piece) const {
  const auto found = reserved_.find(piece);
  return found != reserved_.end() && TypeOf(found->second) == PieceType::kControl ? found->second : -1;
}

int32_t BpeTokenizer::IdOf(std::string_view piece) const {
  if (const auto found = reserved_.find(piece); found != reserved_.end()) return found->second;
  const auto found = pieces_.find(piece);
  return found == pieces_.end() ? unk_id_ : found->second;
}

std::vector<int32_t> BpeTokenizer::Encode(std::string_view text) const {
  const std::string normalized = normalizer_.Normalize(text);
  std::vector<int32_t> ids;
  bool after_unknown = false;
  for (std::string_view piece : Segment(normalized)) {
    const int32_t id = IdOf(piece);
    const bool unknown = TypeOf(id) == PieceType::kUnknown;
    if (unknown && model_.byte_fallback) {
      for (const char byte : piece) ids.push_back(byte_ids_[static_cast<unsigned char>(byte)]);
    } else if (!unknown || !after_unknown) {  // a run of unknown pieces is one unknown id
      ids.push_back(id);
    }
    after_unknown = unknown;
  }
  return ids;
}

// SentencePiece's BPE: of all neighbours that a piece joins, the one with the best score is merged, leftmost
// first, until none is left. Every merge is noted in a heap at most once: O(n log n).
std::vector<std::string_view> BpeTokenizer::Segment(std::string_view text) const {
  std::vector<Symbol> symbols;
  symbols.reserve(text.size());
  for (std::string_view rest = text; !rest.empty();) {
    Symbol symbol;
    size_t length = matcher_.Match(rest);
    symbol.whole = length > 0;
    if (length == 0) length = std::max<size_t>(Utf8Length(rest), 1);
    symbol.text = rest.substr(0, length);
    rest.remove_prefix(length);
    const int32_t index = static_cast<int32_t>(symbols.size());
    symbol.previous = index - 1;
    symbol.next = rest.empty() ? -1 : index + 1;
    symbols.push_back(symbol);
  }
  std::priority_queue<Merge> agenda;
  std::unordered_map<std::string_view, size_t> splits;  // of an unused piece: where it was joined
  const auto propose = [&](int32_t left, int32_t right) {
    if (left < 0 || right < 0) return;
    const Symbol& a = symbols[static_cast<size_t>(left)];
    const Symbol& b = symbols[static_cast<size_t>(right)];
    if (a.whole || b.whole) return;
    const std::string_view joined(a.text.data(), a.text.size() + b.text.size());
    const auto found = pieces_.find(joined);
    if (found == pieces_.end()) return;
    agenda.push({left, right, Score(found->second), joined.size()});
    if (TypeOf(found->second) == PieceType::kUnused) splits[joined] = a.text.size();
  };
  for (size_t i = 1; i < symbols.size(); ++i) propose(static_cast<int32_t>(i) - 1, static_cast<int32_t>(i));
  while (!agenda.empty()) {
    const Merge merge = agenda.top();
    agenda.pop();
    Symbol& left = symbols[static_cast<size_t>(merge.left)];
    Symbol& right = symbols[static_cast<size_t>(merge.right)];
    if (left.text.empty() || right.text.empty() || left.text.size() + right.text.size() != merge.size)
      continue;
    left.text = std::string_view(left.text.data(), merge.size);
    left.next = right.next;
    if (right.next >= 0) symbols[static_cast<size_t>(right.next)].previous = merge.left;
    right.text = {};
    propose(left.previous, merge.left);
    propose(merge.left, left.next);
  }
  std::vector<std::string_view> out;
  for (int32_t i = symbols.empty() ? -1 : 0; i >= 0; i = symbols[static_cast<size_t>(i)].next) {
    SplitUnused(symbols[static_cast<size_t>(i)].text, splits, &out);
  }
  return out;
}

void BpeTokenizer::SplitUnused(std::string_view piece,
                               const std::unordered_map<std::string_view, size_t>& splits,
                               std::vector<std::string_view>* out) const {
  std::vector<std::string_view> stack = {piece};
  while (!stack.empty()) {
    const std::string_view top = stack.back();
    stack.pop_back();
    const auto split = TypeOf(IdOf(top)) == PieceType::kUnused ? splits.find(top) : splits.end();
    if (split == splits.end()) {
      out->push_back(top);
    } else {
      stack.push_back(top.substr(split->second));
      stack.push_back(top.substr(0, split->second));
    }
  }
}

void BpeTokenizer::Settle(int32_t id, StreamedText* streamed) const {
  if (id < 0 || id >= vocab_size()) return;
  if (TypeOf(id) == PieceType::kByte) {
    streamed->bytes.push_back(static_cast<char>(ByteValue(Piece(id))));
    return;
  }
  streamed->settled += ValidUtf8(streamed->bytes);
  streamed->bytes.clear();
  if (streamed->dropped_space || !streamed->settled.empty()) streamed->at_start = false;
  streamed->settled += Surface(id, streamed->at_start, &streamed->dropped_space);
}

std::string BpeTokenizer::Decode(std::span<const int32_t> ids) const {
  StreamedText streamed;
  for (const int32_t id : ids) Settle(id, &streamed);
  return streamed.settled + ValidUtf8(streamed.bytes);
}

void BpeTokenizer::Append(int32_t id, StreamedText* streamed) const {
  Settle(id, streamed);
  streamed->pending = ValidUtf8(streamed->bytes);
}

// What a piece other than a byte adds. At the start one leading space goes, or, if the normalizer folds white
// space, every leading one (SentencePieceProcessor::Decode): *dropped_space says that this was the one.
std::string BpeTokenizer::Surface(int32_t id, bool at_start, bool* dropped_space) const {
  *dropped_space = false;
  std::string_view piece = Piece(id);
  const NormalizerSpec& spec = normalizer_.spec();
  if (TypeOf(id) == PieceType::kControl) return "";
  if (TypeOf(id) == PieceType::kUnknown) return model_.unk_surface;
  if (at_start && (spec.add_dummy_prefix || spec.remove_extra_whitespaces) &&
      piece.starts_with(kSpaceSymbol)) {
    piece.remove_prefix(kSpaceSymbol.size());
    *dropped_space = !spec.remove_extra_whitespaces;
  }
  return WithSpaces(piece);
}

std::string BpeTokenizer::DecodePiece(int32_t id, int32_t previous_id) const {
  if (id < 0 || id >= vocab_size()) return "";
  if (TypeOf(id) == PieceType::kByte) return std::string(1, static_cast<char>(ByteValue(Piece(id))));
  bool dropped_space = false;
  return Surface(id, previous_id < 0 || previous_id == bos_id_, &dropped_space);
}

std::string_view BpeTokenizer::Piece(int32_t id) const {
  if (id < 0 || id >= vocab_size()) return {};
  return model_.pieces[static_cast<size_t>(id)].text;
}

float BpeTokenizer::Score(int32_t id) const {
  if (id < 0 || id >= vocab_size()) return 0;
  return model_.pieces[static_cast<size_t>(id)].score;
}

namespace {

// No serialised ModelProto begins with the byte of a brace: it would be a group of field 15.
bool IsJson(std::span<const uint8_t> bytes) { return !bytes.empty() && bytes[0] == '{'; }

template <typename Kind, typename Content>
std::unique_ptr<Tokenizer> Make(Content content, std::string* error) {
  auto tokenizer = std::make_unique<Kind>();
  if (!tokenizer->Init(std::move(content), error)) return nullptr;
  return tokenizer;
}

}  // namespace

const char* Tokenizer::FileNameFor(std::span<const uint8_t> bytes) {
  return IsJson(bytes) ? "tokenizer.json" : "tokenizer.model";
}

std::unique_ptr<Tokenizer> Tokenizer::Parse(std::span<const uint8_t> bytes, std::string* error) {
  if (IsJson(bytes)) {
    ByteLevelVocabulary vocabulary;
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (!ReadTokenizerJson(text, &vocabulary, error)) return nullptr;
    return Make<ByteLevelTokenizer>(std::move(vocabulary), error);
  }
  SentencePieceModel model;
  if (!ParseSentencePieceModel(bytes, &model, error)) return nullptr;
  return Make<BpeTokenizer>(std::move(model), error);
}

std::unique_ptr<Tokenizer> Tokenizer::ParseGpt2(std::string_view vocab_json, std::string_view merges_txt,
                                                std::string* error) {
  ByteLevelVocabulary vocabulary;
  if (!ReadGpt2Files(vocab_json, merges_txt, &vocabulary, error)) return nullptr;
  return Make<ByteLevelTokenizer>(std::move(vocabulary), error);
}

}  // namespace bonsai::edge
