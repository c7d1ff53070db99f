// A model's three files (config.json, model.safetensors, and tokenizer.model or tokenizer.json) read together
// and checked against each other. Evaluation, submission and export use it. Pure functions, standard library
// only.
#ifndef BONSAI_EDGE_RUNTIME_MODEL_CHECKED_MODEL_H_
#define BONSAI_EDGE_RUNTIME_MODEL_CHECKED_MODEL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "edge_runtime/model/config.h"
#include "edge_runtime/model/safetensors.h"
#include "edge_runtime/model/tokenizer.h"

namespace bonsai::edge {

struct CheckedModel {
  ModelConfig config;
  std::map<std::string, TensorView> tensors;  // they point into the weights
  std::unique_ptr<Tokenizer> tokenizer;
};

// The files' bytes. The weights outlive the CheckedModel.
struct ModelBytes {
  std::string_view config_json;
  std::span<const uint8_t> weights;
  std::span<const uint8_t> tokenizer;
};

// On failure returns false; *error names the file and the key or tensor: a file that does not parse, a tensor
// that is missing or has another shape than the config says, a tokenizer with more pieces than there are
// embeddings, or with another BOS or EOS than the config's.
bool ReadCheckedModel(const ModelBytes& bytes, CheckedModel* model, std::string* error);

// Elements of all tensors.
uint64_t CountElements(const std::map<std::string, TensorView>& tensors);

// "F32", ...: each dtype that occurs, once, sorted.
std::vector<std::string> ListDTypes(const std::map<std::string, TensorView>& tensors);

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_MODEL_CHECKED_MODEL_H_
