#include "edge_runtime/engine/weights.h"

#include "edge_runtime/model/llama2c.h"

namespace bonsai::edge {

std::unique_ptr<ModelWeights> ModelWeights::Create(const ModelConfig& config,
                                                   const std::map<std::string, TensorView>& tensors,
                                                   bool interleaved, std::unique_ptr<MappedFile> file,
                                                   std::string* error) {
  if (!ValidateConfig(config, error) || !CheckTensors(config, tensors, error)) return nullptr;
  std::unique_ptr<ModelWeights> model(new ModelWeights);
  model->config_ = config;
  model->file_ = std::move(file);
  model->layers_.resize(static_cast<size_t>(config.weight_layers()));
  for (const TensorSpec& spec : ListTensors(config)) {
    const bool rotated = spec.role == TensorRole::kQuery || spec.role == TensorRole::kKey;
    const float* values = model->Take(tensors.at(spec.name), interleaved && rotated);
    if (values == nullptr) {
      *error = "no memory for tensor " + spec.name;
      return nullptr;
    }
    *model->Slot(spec) = values;
  }
  if (config.tied_embeddings) model->output_ = model->embedding_;
  return model;
}

const float* ModelWeights::Take(const TensorView& view, bool interleaved) {
  const bool aligned = reinterpret_cast<uintptr_t>(view.data.data()) % alignof(float) == 0;
  if (view.dtype == DType::kF32 && aligned && !interleaved)
    return reinterpret_cast<const float*>(view.data.data());
  const size_t count = CountElements(view);
  AlignedFloats values;
  if (!values.Allocate(count)) return nullptr;
  if (interleaved) {
    const size_t columns = static_cast<size_t>(view.shape[1]);
    for (int64_t row = 0; row < view.shape[0]; ++row) {
      const size_t to = static_cast<size_t>(HalvesRow(row, config_.head_dim)) * columns;
      CopyToFloat(view, static_cast<size_t>(row) * columns, {values.data() + to, columns});
    }
  } else {
    CopyToFloat(view, 0, {values.data(), count});
  }
  owned_.push_back(std::move(values));
  return owned_.back().data();
}

const float** ModelWeights::Slot(const TensorSpec& spec) {
  LayerWeights& layer = layers_[static_cast<size_t>(spec.layer < 0 ? 0 : spec.layer)];
  switch (spec.role) {
    case TensorRole::kEmbedding:
      return &embedding_;
    case TensorRole::kAttentionNorm:
      return &layer.attention_norm;
    case TensorRole::kQuery:
      return &layer.query;
    case TensorRole::kKey:
      return &layer.key;
    case TensorRole::kValue:
      return &layer.value;
    case TensorRole::kQueryNorm:
      return &layer.query_norm;
    case TensorRole::kKeyNorm:
      return &layer.key_norm;
    case TensorRole::kAttentionOutput:
      return &layer.attention_output;
    case TensorRole::kFeedForwardNorm:
      return &layer.feed_forward_norm;
    case TensorRole::kGate:
      return &layer.gate;
    case TensorRole::kUp:
      return &layer.up;
    case TensorRole::kDown:
      return &layer.down;
    case TensorRole::kFinalNorm:
      return &final_norm_;
    case TensorRole::kOutput:
      return &output_;
  }
  return nullptr;
}

std::unique_ptr<Model> Model::LoadHuggingFace(const std::string& folder, std::string* error) {
  const auto config_file = MappedFile::Open(folder + "/config.json", error);
  if (config_file == nullptr) return nullptr;
  auto weights_file = MappedFile::Open(folder + "/model.safetensors", error);
  if (weights_file == nullptr) return nullptr;
  ModelConfig config;
  std::map<std::string, TensorView> tensors;
  std::unique_ptr<Model> model;
  if (ParseHuggingFaceConfig(config_file->text(), &config, error) &&
      ParseSafetensors(weights_file->bytes(), &tensors, error)) {
    model = ModelWeights::Create(config, tensors, /*interleaved=*/false, std::move(weights_file), error);
  }
  if (model == nullptr) *error = folder + ": " + *error;
  return model;
}

std::unique_ptr<Model> Model::LoadLlama2c(const std::string& path, std::string* error) {
  auto file = MappedFile::Open(path, error);
  if (file == nullptr) return nullptr;
  Llama2cCheckpoint checkpoint;
  std::unique_ptr<Model> model;
  if (ParseLlama2c(file->bytes(), &checkpoint, error)) {
    model = ModelWeights::Create(checkpoint.config, checkpoint.tensors, /*interleaved=*/true, std::move(file),
                                 error);
  }
  if (model == nullptr) *error = path + ": " + *error;
  return model;
}

std::unique_ptr<Model> Model::FromSafetensors(std::string_view config_json, std::span<const uint8_t> weights,
                                              std::string* error) {
  ModelConfig config;
  std::map<std::string, TensorView> tensors;
  if (!ParseHuggingFaceConfig(config_json, &config, error) || !ParseSafetensors(weights, &tensors, error)) {
    return nullptr;
  }
  return ModelWeights::Create(config, tensors, /*interleaved=*/false, nullptr, error);
}

}  // namespace bonsai::edge
