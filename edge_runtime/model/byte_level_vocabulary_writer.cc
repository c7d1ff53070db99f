#include <algorithm>

#include "edge_runtime/model/byte_alphabet.h"
#include "edge_runtime/model/byte_level_vocabulary.h"
#include "edge_runtime/model/json.h"

namespace bonsai::edge {
namespace {

void WriteAddedToken(size_t id, const std::string& name, JsonWriter& json) {
  json.BeginObject().Key("id").Integer(static_cast<int64_t>(id)).Key("content").String(name);
  for (const char* key : {"single_word", "lstrip", "rstrip", "normalized"}) json.Key(key).Bool(false);
  json.Key("special").Bool(true).EndObject();
}

// What the tokenizers library puts in front of a text: BOS, where a piece is that alone.
void WritePostProcessor(const ByteLevelVocabulary& vocabulary, JsonWriter& json) {
  const auto bos = std::find_if(vocabulary.pieces.begin(), vocabulary.pieces.end(),
                                [](const ByteLevelVocabulary::Piece& piece) {
                                  return piece.special && IsBosName(piece.bytes) && !IsEosName(piece.bytes);
                                });
  json.Key("post_processor");
  if (bos == vocabulary.pieces.end()) {
    json.Null();
    return;
  }
  const auto text = [&](const char* sequence, int64_t type) {
    json.BeginObject().Key("SpecialToken").BeginObject().Key("id").String(bos->bytes);
    json.Key("type_id").Integer(type).EndObject().EndObject();
    json.BeginObject().Key("Sequence").BeginObject().Key("id").String(sequence);
    json.Key("type_id").Integer(type).EndObject().EndObject();
  };
  json.BeginObject().Key("type").String("TemplateProcessing").Key("single").BeginArray();
  text("A", 0);
  json.EndArray().Key("pair").BeginArray();
  text("A", 0);
  text("B", 1);
  json.EndArray().Key("special_tokens").BeginObject().Key(bos->bytes).BeginObject();
  json.Key("id").String(bos->bytes).Key("ids").BeginArray().Integer(bos - vocabulary.pieces.begin());
  json.EndArray().Key("tokens").BeginArray().String(bos->bytes).EndArray();
  json.EndObject().EndObject().EndObject();
}

void WriteByteLevelStep(const char* key, JsonWriter& json) {
  json.Key(key).BeginObject().Key("type").String("ByteLevel").Key("add_prefix_space").Bool(false);
  json.Key("trim_offsets").Bool(true).Key("use_regex").Bool(true).EndObject();
}

}  // namespace

std::string WriteTokenizerJson(const ByteLevelVocabulary& vocabulary) {
  const auto name = [&](int32_t id) {
    const ByteLevelVocabulary::Piece& piece = vocabulary.pieces[static_cast<size_t>(id)];
    return piece.special ? piece.bytes : WriteInByteAlphabet(piece.bytes);
  };
  JsonWriter json(/*indented=*/true);
  json.BeginObject().Key("version").String("1.0").Key("truncation").Null().Key("padding").Null();
  json.Key("added_tokens").BeginArray();
  for (size_t id = 0; id < vocabulary.pieces.size(); ++id) {
    if (vocabulary.pieces[id].special) WriteAddedToken(id, vocabulary.pieces[id].bytes, json);
  }
  json.EndArray().Key("normalizer").Null();
  WriteByteLevelStep("pre_tokenizer", json);
  WritePostProcessor(vocabulary, json);
  WriteByteLevelStep("decoder", json);
  json.Key("model").BeginObject().Key("type").String("BPE").Key("dropout").Null().Key("unk_token").Null();
  json.Key("continuing_subword_prefix").Null().Key("end_of_word_suffix").Null();
  json.Key("fuse_unk").Bool(false).Key("byte_fallback").Bool(false).Key("ignore_merges").Bool(false);
  json.Key("vocab").BeginObject();
  for (size_t id = 0; id < vocabulary.pieces.size(); ++id) {
    json.Key(name(static_cast<int32_t>(id))).Integer(static_cast<int64_t>(id));
  }
  json.EndObject().Key("merges").BeginArray();
  for (const ByteLevelVocabulary::Merge& merge : vocabulary.merges) {
    json.String(name(merge.left) + " " + name(merge.right));
  }
  json.EndArray().EndObject().EndObject();
  return json.text() + "\n";
}

}  // namespace bonsai::edge
