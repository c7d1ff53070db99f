// A model's weights as the engine wants them: F32, rows contiguous, query and key rows half-rotated. What a
// file holds in that form is used where it is mapped; the rest (F16, BF16, llama2.c's query and key rows) is
// converted once.
//
// The engine's own Model. Immutable once loaded; shared by sessions.
#ifndef BONSAI_EDGE_RUNTIME_ENGINE_WEIGHTS_H_
#define BONSAI_EDGE_RUNTIME_ENGINE_WEIGHTS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "edge_runtime/engine/aligned_floats.h"
#include "edge_runtime/engine/engine.h"
#include "edge_runtime/model/mapped_file.h"
#include "edge_runtime/model/safetensors.h"

namespace bonsai::edge {

struct LayerWeights {  // shapes: see TensorRole
  const float* attention_norm = nullptr;
  const float* query = nullptr;
  const float* key = nullptr;
  const float* value = nullptr;
  const float* query_norm = nullptr;  // with qk_norm
  const float* key_norm = nullptr;
  const float* attention_output = nullptr;
  const float* feed_forward_norm = nullptr;
  const float* gate = nullptr;  // absent with kReluSquared
  const float* up = nullptr;
  const float* down = nullptr;
};

class ModelWeights : public Model {
 public:
  const ModelConfig& config() const override { return config_; }
  const float* embedding() const { return embedding_; }
  // Those of layer `index`, which may serve its neighbours too.
  const LayerWeights& layer(int32_t index) const {
    return layers_[static_cast<size_t>(index / config_.layers_per_weights)];
  }
  const float* final_norm() const { return final_norm_; }
  const float* output() const { return output_; }  // the embedding if tied

  // Takes the tensors, whose bytes outlive the model or lie in `file`. On failure (a tensor is missing or has
  // another shape, no memory) nullptr and *error.
  static std::unique_ptr<ModelWeights> Create(const ModelConfig& config,
                                              const std::map<std::string, TensorView>& tensors,
                                              bool interleaved, std::unique_ptr<MappedFile> file,
                                              std::string* error);

 private:
  // The tensor's values: in place if they can be used so, otherwise converted into owned_. nullptr if there
  // is no memory.
  const float* Take(const TensorView& view, bool interleaved);
  const float** Slot(const TensorSpec& spec);

  ModelConfig config_;
  const float* embedding_ = nullptr;
  const float* final_norm_ = nullptr;
  const float* output_ = nullptr;
  std::vector<LayerWeights> layers_;
  std::unique_ptr<MappedFile> file_;
  std::vector<AlignedFloats> owned_;
};

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_ENGINE_WEIGHTS_H_
