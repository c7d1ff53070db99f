// A "model" artifact's files: config.json, model.safetensors (F32), and tokenizer.model or tokenizer.json.
// Written by every trainer, read by those that start from a model.
#ifndef BONSAI_WORKER_TRAIN_MODEL_FILES_H_
#define BONSAI_WORKER_TRAIN_MODEL_FILES_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "edge_runtime/model/config.h"
#include "edge_runtime/model/tokenizer.h"
#include "runner/runner.h"
#include "worker/train/parameter_layout.h"

namespace bonsai {

// The files of a model, with the properties parameters and dtype. `tokenizer_path` is a tokenizer.model or
// tokenizer.json. The
// weights pass through a file in task.work_dir.
absl::StatusOr<v1::Manifest> StoreModel(RunnerContext& context, const ParameterLayout& layout,
                                        absl::Span<const float> parameters,
                                        const std::string& tokenizer_path);

// Adds a layout's tensors to an artifact, as a safetensors file (F32). They pass through a file in
// task.work_dir.
absl::Status AddTensors(RunnerContext& context, const ParameterLayout& layout, absl::Span<const float> values,
                        const std::string& path, v1::Manifest& manifest);

void AddProperty(absl::string_view name, std::string value, v1::Manifest& manifest);

struct LoadedModel {
  edge::ModelConfig config;
  std::vector<float> parameters;  // laid out by ParameterLayout
};

// Reads a "model" artifact. DataLoss names the file and the tensor; FailedPrecondition if a tensor is not
// F32.
absl::StatusOr<LoadedModel> LoadModel(RunnerContext& context, const InputArtifact& input);

// Reads an artifact's tokenizer (storage/tokenizer_file.h). DataLoss if it does not parse; FailedPrecondition
// if it has no BOS or EOS.
absl::StatusOr<std::unique_ptr<edge::Tokenizer>> LoadTokenizer(RunnerContext& context,
                                                               const InputArtifact& input);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_MODEL_FILES_H_
