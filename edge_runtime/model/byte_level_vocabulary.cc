#include "edge_runtime/model/byte_level_vocabulary.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>

#include "edge_runtime/model/byte_alphabet.h"
#include "edge_runtime/model/json.h"

namespace bonsai::edge {
namespace {

constexpr size_t kPiecesMax = 1 << 20;
constexpr std::string_view kBothName = "<|endoftext|>";
constexpr std::string_view kBosNames[] = {"<s>", "<bos>", "<|begin_of_text|>", "<|startoftext|>"};
constexpr std::string_view kEosNames[] = {"</s>", "<eos>", "<|end_of_text|>"};

bool Fail(const std::string& what, std::string* error) {
  *error = what;
  return false;
}

bool IsType(const JsonValue* value, std::string_view type) {
  const JsonValue* name = value == nullptr ? nullptr : value->Find("type");
  return name != nullptr && name->string() == type;
}

bool IsUnset(const JsonValue* value) {
  return value == nullptr || value->is_null() || (value->is_string() && value->string().empty()) ||
         (value->is_bool() && !value->boolean()) || (value->is_array() && value->items().empty()) ||
         (value->is_number() && value->number() == 0);
}

std::string Describe(const JsonValue* value) {
  if (value == nullptr) return "missing";
  const JsonValue* type = value->Find("type");
  return type == nullptr ? value->Describe() : type->Describe();
}

// What is around the model: nothing that a tokenizer of GPT-2's kind does not do.
bool CheckSteps(const JsonValue& root, std::string* error) {
  if (!IsUnset(root.Find("normalizer"))) {
    return Fail("normalizer is " + Describe(root.Find("normalizer")) + "; supported is null", error);
  }
  const JsonValue* split = root.Find("pre_tokenizer");
  if (!IsType(split, "ByteLevel")) {
    return Fail("pre_tokenizer is " + Describe(split) + "; supported is ByteLevel, with GPT-2's word split",
                error);
  }
  if (!IsUnset(split->Find("add_prefix_space"))) {
    return Fail("pre_tokenizer.add_prefix_space is " + Describe(split->Find("add_prefix_space")) +
                    "; supported is false",
                error);
  }
  const JsonValue* use_regex = split->Find("use_regex");
  if (use_regex != nullptr && !use_regex->boolean()) {
    return Fail("pre_tokenizer.use_regex is " + Describe(use_regex) + "; supported is true", error);
  }
  const JsonValue* decoder = root.Find("decoder");
  if (!IsUnset(decoder) && !IsType(decoder, "ByteLevel")) {
    return Fail("decoder is " + Describe(decoder) + "; supported is ByteLevel", error);
  }
  return true;
}

// Sets (*pieces)[id], which must be free or the same piece.
bool SetPiece(const std::string& text, const JsonValue* id, bool special, const std::string& place,
              std::vector<ByteLevelVocabulary::Piece>* pieces, std::vector<bool>* known, std::string* error) {
  const int64_t at = id == nullptr ? -1 : id->integer().value_or(-1);
  if (at < 0 || at >= static_cast<int64_t>(kPiecesMax)) {
    return Fail(place + ": the id is " + (id == nullptr ? "missing" : id->Describe()) +
                    "; it must be from 0 to " + std::to_string(kPiecesMax - 1),
                error);
  }
  const size_t index = static_cast<size_t>(at);
  if (index >= pieces->size()) {
    pieces->resize(index + 1);
    known->resize(index + 1);
  }
  ByteLevelVocabulary::Piece& piece = (*pieces)[index];
  if ((*known)[index] && !(special && piece.bytes == text)) {
    return Fail(place + ": id " + std::to_string(at) + " is there twice", error);
  }
  (*known)[index] = true;
  piece = {text, special};
  return true;
}

bool ReadPieces(const JsonValue* vocab, const JsonValue* added, ByteLevelVocabulary* vocabulary,
                std::string* error) {
  if (vocab == nullptr || !vocab->is_object()) {
    return Fail("vocab is " + Describe(vocab) + "; it must be an object of pieces and their ids", error);
  }
  // Names first, as they are written: special ones are no bytes.
  std::vector<bool> known;
  for (const auto& [text, id] : vocab->members()) {
    if (!SetPiece(text, &id, false, "vocab." + JsonQuote(text), &vocabulary->pieces, &known, error))
      return false;
  }
  for (size_t i = 0; added != nullptr && i < added->items().size(); ++i) {
    const JsonValue& token = added->items()[i];
    const std::string place = "added_tokens[" + std::to_string(i) + "]";
    const JsonValue* content = token.Find("content");
    const JsonValue* special = token.Find("special");
    if (content == nullptr || !content->is_string() || special == nullptr || !special->boolean()) {
      return Fail(place + " has content " + Describe(content) + ", special " + Describe(special) +
                      "; supported are names that are special",
                  error);
    }
    if (!SetPiece(content->string(), token.Find("id"), true, place, &vocabulary->pieces, &known, error))
      return false;
  }
  const auto hole = std::find(known.begin(), known.end(), false);
  if (known.empty() || hole != known.end()) {
    return Fail("vocab has no piece of id " + std::to_string(hole - known.begin()) +
                    "; ids must be 0, 1, 2, ... without holes",
                error);
  }
  for (size_t id = 0; id < vocabulary->pieces.size(); ++id) {
    ByteLevelVocabulary::Piece& piece = vocabulary->pieces[id];
    const std::string text = piece.bytes;
    if (piece.special || (!text.empty() && ReadByteAlphabet(text, &piece.bytes))) continue;
    return Fail("vocab: piece " + std::to_string(id) + " is " + JsonQuote(text) +
                    "; it must be of characters that stand for bytes",
                error);
  }
  return true;
}

// Merges are added in their order, each as its two pieces in the byte alphabet.
class MergeReader {
 public:
  explicit MergeReader(ByteLevelVocabulary* vocabulary) : vocabulary_(vocabulary) {
    ids_.reserve(vocabulary->pieces.size());
    for (size_t id = 0; id < vocabulary->pieces.size(); ++id) {
      if (!vocabulary->pieces[id].special)
        ids_.emplace(vocabulary->pieces[id].bytes, static_cast<int32_t>(id));
    }
  }

  bool Add(std::string_view left_text, std::string_view right_text, std::string* error) {
    const std::string place = "merges[" + std::to_string(vocabulary_->merges.size()) + "]";
    std::string left, right;
    if (!ReadByteAlphabet(left_text, &left) || !ReadByteAlphabet(right_text, &right) || left.empty() ||
        right.empty()) {
      return Fail(place + " is " + JsonQuote(std::string(left_text) + " " + std::string(right_text)) +
                      "; it must be two pieces, as \"t h\"",
                  error);
    }
    ByteLevelVocabulary::Merge merge = {};
    const struct {
      const std::string& bytes;
      int32_t* id;
    } kPieces[] = {{left, &merge.left}, {right, &merge.right}, {left + right, &merge.piece}};
    for (const auto& [bytes, id] : kPieces) {
      const auto found = ids_.find(bytes);
      if (found == ids_.end()) {
        return Fail(place + " needs the piece " + JsonQuote(WriteInByteAlphabet(bytes)) +
                        ", which vocab does not have",
                    error);
      }
      *id = found->second;
    }
    vocabulary_->merges.push_back(merge);
    return true;
  }

  // "t h"
  bool AddLine(std::string_view line, std::string* error) {
    const size_t space = line.find(' ');
    if (space == std::string_view::npos) return Add(line, "", error);
    return Add(line.substr(0, space), line.substr(space + 1), error);
  }

 private:
  ByteLevelVocabulary* const vocabulary_;
  std::unordered_map<std::string, int32_t> ids_;
};

bool ReadMerges(const JsonValue* merges, ByteLevelVocabulary* vocabulary, std::string* error) {
  if (merges == nullptr || !merges->is_array()) {
    return Fail("model.merges is " + Describe(merges) + "; it must be an array", error);
  }
  MergeReader reader(vocabulary);
  for (const JsonValue& merge : merges->items()) {
    const std::vector<JsonValue>& two = merge.items();  // newer files write ["t", "h"]
    const bool added = two.size() == 2 ? reader.Add(two[0].string(), two[1].string(), error)
                                       : reader.AddLine(merge.string(), error);
    if (!added) return Fail("model." + *error, error);
  }
  return true;
}

std::string At(std::string_view file, const std::string& what) { return std::string(file) + ": " + what; }

}  // namespace

bool IsBosName(std::string_view name) {
  return name == kBothName ||
         std::find(std::begin(kBosNames), std::end(kBosNames), name) != std::end(kBosNames);
}

bool IsEosName(std::string_view name) {
  return name == kBothName ||
         std::find(std::begin(kEosNames), std::end(kEosNames), name) != std::end(kEosNames);
}

bool ReadTokenizerJson(std::string_view text, ByteLevelVocabulary* vocabulary, std::string* error) {
  const std::optional<JsonValue> root = JsonValue::Parse(text, error);
  bool ok = root.has_value();
  if (ok) ok = CheckSteps(*root, error);
  const JsonValue* model = ok ? root->Find("model") : nullptr;
  if (ok && (model == nullptr || !model->is_object() ||
             (model->Find("type") != nullptr && !IsType(model, "BPE")))) {
    ok = Fail("model is " + Describe(model) + "; supported is BPE", error);
  }
  for (const char* key :
       {"dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback", "ignore_merges"}) {
    if (!ok || IsUnset(model->Find(key))) continue;
    ok = Fail(std::string("model.") + key + " is " + Describe(model->Find(key)) +
                  "; supported is none of it (null, \"\" or false)",
              error);
  }
  if (ok) ok = ReadPieces(model->Find("vocab"), root->Find("added_tokens"), vocabulary, error);
  if (ok) ok = ReadMerges(model->Find("merges"), vocabulary, error);
  return ok || Fail(At("tokenizer.json", *error), error);
}

bool ReadGpt2Files(std::string_view vocab_json, std::string_view merges_txt, ByteLevelVocabulary* vocabulary,
                   std::string* error) {
  const std::optional<JsonValue> vocab = JsonValue::Parse(vocab_json, error);
  if (!vocab.has_value() || !ReadPieces(&*vocab, nullptr, vocabulary, error))
    return Fail(At("vocab.json", *error), error);
  for (ByteLevelVocabulary::Piece& piece : vocabulary->pieces) {
    piece.special = IsBosName(piece.bytes) || IsEosName(piece.bytes);
  }
  MergeReader reader(vocabulary);
  while (!merges_txt.empty()) {
    const size_t end = std::min(merges_txt.find('\n'), merges_txt.size());
    std::string_view line = merges_txt.substr(0, end);
    merges_txt.remove_prefix(std::min(end + 1, merges_txt.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty() || line.starts_with("#version")) continue;
    if (!reader.AddLine(line, error)) return Fail(At("merges.txt", *error), error);
  }
  return true;
}

}  // namespace bonsai::edge
