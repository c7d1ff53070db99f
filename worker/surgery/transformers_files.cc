#include "worker/surgery/transformers_files.h"

#include "edge_runtime/model/json.h"

namespace bonsai {
namespace {

// The piece under the key, or null if the tokenizer has none.
void WritePiece(std::string_view key, int32_t id, const edge::Tokenizer& tokenizer,
                edge::JsonWriter& writer) {
  writer.Key(key);
  if (id < 0) {
    writer.Null();
  } else {
    writer.String(tokenizer.Piece(id));
  }
}

}  // namespace

std::string WriteGenerationConfig(const edge::ModelConfig& config) {
  edge::JsonWriter writer(/*indented=*/true);
  writer.BeginObject();
  writer.Key("_from_model_config").Bool(true);
  writer.Key("bos_token_id").Integer(config.bos_id);
  writer.Key("eos_token_id").Integer(config.eos_id);
  writer.EndObject();
  return writer.text() + "\n";
}

std::string WriteTokenizerConfig(const edge::ModelConfig& config, const edge::Tokenizer& tokenizer,
                                 std::string_view chat_template) {
  edge::JsonWriter writer(/*indented=*/true);
  writer.BeginObject();
  writer.Key("add_bos_token").Bool(tokenizer.bos_id() >= 0);
  writer.Key("add_eos_token").Bool(false);
  WritePiece("bos_token", tokenizer.bos_id(), tokenizer, writer);
  if (!chat_template.empty()) writer.Key("chat_template").String(chat_template);
  writer.Key("clean_up_tokenization_spaces").Bool(false);
  WritePiece("eos_token", tokenizer.eos_id(), tokenizer, writer);
  const bool byte_level = tokenizer.splits_words();
  // The legacy mode puts a space behind special tokens, which SentencePiece does not.
  if (!byte_level) writer.Key("legacy").Bool(false);
  writer.Key("model_max_length").Integer(config.max_seq_len);
  writer.Key("pad_token").Null();
  if (!byte_level) writer.Key("sp_model_kwargs").BeginObject().EndObject();
  writer.Key("tokenizer_class").String(byte_level ? "PreTrainedTokenizerFast" : "LlamaTokenizer");
  WritePiece("unk_token", tokenizer.unk_id(), tokenizer, writer);
  writer.EndObject();
  return writer.text() + "\n";
}

std::string WriteSpecialTokensMap(const edge::Tokenizer& tokenizer) {
  edge::JsonWriter writer(/*indented=*/true);
  writer.BeginObject();
  if (tokenizer.bos_id() >= 0) WritePiece("bos_token", tokenizer.bos_id(), tokenizer, writer);
  if (tokenizer.eos_id() >= 0) WritePiece("eos_token", tokenizer.eos_id(), tokenizer, writer);
  if (tokenizer.unk_id() >= 0) WritePiece("unk_token", tokenizer.unk_id(), tokenizer, writer);
  writer.EndObject();
  return writer.text() + "\n";
}

}  // namespace bonsai
