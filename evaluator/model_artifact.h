// The model of a "model" or "export" artifact, ready to be scored: config.json, model.safetensors and
// tokenizer.model or tokenizer.json, mapped, and checked against each other. Called by the evaluation and
// submission runners. Immutable once open.
#ifndef BONSAI_EVALUATOR_MODEL_ARTIFACT_H_
#define BONSAI_EVALUATOR_MODEL_ARTIFACT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "edge_runtime/model/checked_model.h"
#include "edge_runtime/model/mapped_file.h"
#include "runner/runner.h"

namespace bonsai {

class ModelArtifact {
 public:
  // InvalidArgument names the file and the key where the three files do not make a model
  // (edge::ReadCheckedModel). Otherwise as RunnerContext::InputPath.
  static absl::StatusOr<std::unique_ptr<ModelArtifact>> Open(RunnerContext& context,
                                                             const InputArtifact& input);

  const edge::ModelConfig& config() const { return model_.config; }
  const edge::Tokenizer& tokenizer() const { return *model_.tokenizer; }
  std::string_view config_json() const { return config_file_->text(); }
  std::span<const uint8_t> weights() const { return weights_file_->bytes(); }

  // Elements of all tensors in the file.
  uint64_t parameters() const { return edge::CountElements(model_.tensors); }
  // "F32", ...: each dtype that occurs once, sorted.
  std::vector<std::string> dtypes() const { return edge::ListDTypes(model_.tensors); }

 private:
  ModelArtifact() = default;

  std::unique_ptr<edge::MappedFile> config_file_, weights_file_, tokenizer_file_;
  edge::CheckedModel model_;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_MODEL_ARTIFACT_H_
