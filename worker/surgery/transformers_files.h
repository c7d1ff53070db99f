// The small JSON files that make a folder one that the transformers library loads, next to config.json and
// the weights. Called by the export runner. Pure functions.
#ifndef BONSAI_WORKER_SURGERY_TRANSFORMERS_FILES_H_
#define BONSAI_WORKER_SURGERY_TRANSFORMERS_FILES_H_

#include <string>
#include <string_view>

#include "edge_runtime/model/config.h"
#include "edge_runtime/model/tokenizer.h"

namespace bonsai {

// generation_config.json: where a generated text begins and ends.
std::string WriteGenerationConfig(const edge::ModelConfig& config);

// tokenizer_config.json for LlamaTokenizer, which reads tokenizer.model, or PreTrainedTokenizerFast, which
// reads tokenizer.json: BOS before a text, no EOS behind it, as the model was trained and is evaluated.
// `chat_template` is the model's Jinja template, or "".
std::string WriteTokenizerConfig(const edge::ModelConfig& config, const edge::Tokenizer& tokenizer,
                                 std::string_view chat_template = "");

// special_tokens_map.json: the pieces of BOS, EOS and the unknown token.
std::string WriteSpecialTokensMap(const edge::Tokenizer& tokenizer);

}  // namespace bonsai

#endif  // BONSAI_WORKER_SURGERY_TRANSFORMERS_FILES_H_
