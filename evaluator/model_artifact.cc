#include "evaluator/model_artifact.h"

#include "absl/strings/str_cat.h"
#include "storage/tokenizer_file.h"

namespace bonsai {
namespace {

absl::StatusOr<std::unique_ptr<edge::MappedFile>> MapFile(RunnerContext& context, const InputArtifact& input,
                                                          absl::string_view file) {
  const absl::StatusOr<std::string> path = context.InputPath(input, file);
  if (!path.ok()) return path.status();
  std::string error;
  std::unique_ptr<edge::MappedFile> mapped = edge::MappedFile::Open(*path, &error);
  if (mapped == nullptr) return absl::InternalError(absl::StrCat("cannot map ", file, ": ", error));
  return mapped;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ModelArtifact>> ModelArtifact::Open(RunnerContext& context,
                                                                   const InputArtifact& input) {
  std::unique_ptr<ModelArtifact> model(new ModelArtifact);
  const struct {
    std::string name;
    std::unique_ptr<edge::MappedFile>* file;
  } kFiles[] = {{"config.json", &model->config_file_},
                {"model.safetensors", &model->weights_file_},
                {TokenizerFileName(input.manifest), &model->tokenizer_file_}};
  for (const auto& [name, file] : kFiles) {
    absl::StatusOr<std::unique_ptr<edge::MappedFile>> mapped = MapFile(context, input, name);
    if (!mapped.ok()) return mapped.status();
    *file = *std::move(mapped);
  }

  const edge::ModelBytes bytes = {model->config_json(), model->weights(), model->tokenizer_file_->bytes()};
  std::string error;
  if (!edge::ReadCheckedModel(bytes, &model->model_, &error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the ", input.manifest.kind(), " ", input.id, ": ", error));
  }
  return model;
}

}  // namespace bonsai
