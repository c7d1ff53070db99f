#include "edge_runtime/model/checked_model.h"

#include <set>

#include "edge_runtime/model/llama2c.h"

namespace bonsai::edge {
namespace {

bool Fail(const std::string& file, const std::string& what, std::string* error) {
  // Some readers name their file themselves.
  *error = what.rfind(file, 0) == 0 ? what : file + ": " + what;
  return false;
}

bool CheckTokenizer(const ModelConfig& config, const Tokenizer& tokenizer, const std::string& file,
                    std::string* error) {
  if (tokenizer.vocab_size() > config.vocab_size) {
    return Fail(file,
                "it has " + std::to_string(tokenizer.vocab_size()) + " pieces; config.json's vocab_size is " +
                    std::to_string(config.vocab_size),
                error);
  }
  const struct {
    const char* key;
    int32_t config;
    int32_t tokenizer;
  } kIds[] = {{"bos_token_id", config.bos_id, tokenizer.bos_id()},
              {"eos_token_id", config.eos_id, tokenizer.eos_id()}};
  for (const auto& id : kIds) {
    // A tokenizer without the piece leaves the id to the config.
    if (id.tokenizer >= 0 && id.tokenizer != id.config) {
      return Fail("config.json",
                  std::string(id.key) + " is " + std::to_string(id.config) + "; " + file + " has it at " +
                      std::to_string(id.tokenizer),
                  error);
    }
  }
  return true;
}

}  // namespace

bool ReadCheckedModel(const ModelBytes& bytes, CheckedModel* model, std::string* error) {
  std::string what;
  if (!ParseHuggingFaceConfig(bytes.config_json, &model->config, &what)) {
    return Fail("config.json", what, error);
  }
  if (!ParseSafetensors(bytes.weights, &model->tensors, &what) ||
      !CheckTensors(model->config, model->tensors, &what)) {
    return Fail("model.safetensors", what, error);
  }
  const std::string file = Tokenizer::FileNameFor(bytes.tokenizer);
  model->tokenizer = Tokenizer::Parse(bytes.tokenizer, &what);
  if (model->tokenizer == nullptr) return Fail(file, what, error);
  return CheckTokenizer(model->config, *model->tokenizer, file, error);
}

uint64_t CountElements(const std::map<std::string, TensorView>& tensors) {
  uint64_t sum = 0;
  for (const auto& [name, tensor] : tensors) sum += CountElements(tensor);
  return sum;
}

std::vector<std::string> ListDTypes(const std::map<std::string, TensorView>& tensors) {
  std::set<std::string> names;
  for (const auto& [name, tensor] : tensors) names.emplace(DTypeName(tensor.dtype));
  return {names.begin(), names.end()};
}

}  // namespace bonsai::edge
