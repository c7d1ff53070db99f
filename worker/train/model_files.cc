#include "worker/train/model_files.h"

#include <cstring>
#include <fstream>
#include <map>

#include "absl/strings/str_cat.h"
#include "edge_runtime/model/mapped_file.h"
#include "edge_runtime/model/safetensors.h"
#include "storage/tokenizer_file.h"

namespace bonsai {
namespace {

constexpr char kDtype[] = "float32";

absl::Status WriteSafetensors(const ParameterLayout& layout, absl::Span<const float> parameters,
                              const std::string& path) {
  std::vector<edge::TensorToWrite> tensors;
  const uint8_t* bytes = reinterpret_cast<const uint8_t*>(parameters.data());
  for (const ParameterBlock& block : layout.blocks()) {
    const std::span<const uint8_t> data(bytes + block.offset * sizeof(float), block.size * sizeof(float));
    tensors.push_back({block.spec.name, {edge::DType::kF32, block.spec.shape, data}});
  }
  std::ofstream out(path, std::ios::binary);
  out << edge::WriteSafetensorsHeader(tensors);
  out.write(reinterpret_cast<const char*>(bytes),
            static_cast<std::streamsize>(parameters.size() * sizeof(float)));
  out.close();
  if (!out)
    return absl::ResourceExhaustedError(absl::StrCat("could not write ", path, ": is the disk full?"));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<edge::MappedFile>> MapFile(RunnerContext& context, const InputArtifact& input,
                                                          absl::string_view path) {
  const absl::StatusOr<std::string> local = context.InputPath(input, path);
  if (!local.ok()) return local.status();
  std::string error;
  std::unique_ptr<edge::MappedFile> file = edge::MappedFile::Open(*local, &error);
  if (file == nullptr) return absl::NotFoundError(absl::StrCat(path, " of artifact ", input.id, ": ", error));
  return file;
}

absl::Status Damaged(const InputArtifact& input, absl::string_view path, absl::string_view why) {
  return absl::DataLossError(absl::StrCat("artifact ", input.id, ", ", path, ": ", why));
}

}  // namespace

void AddProperty(absl::string_view name, std::string value, v1::Manifest& manifest) {
  v1::Property& property = *manifest.add_properties();
  property.set_name(std::string(name));
  property.set_value(std::move(value));
}

absl::Status AddTensors(RunnerContext& context, const ParameterLayout& layout, absl::Span<const float> values,
                        const std::string& path, v1::Manifest& manifest) {
  const std::string local = absl::StrCat(context.task().work_dir(), "/", path);
  if (absl::Status status = WriteSafetensors(layout, values, local); !status.ok()) return status;
  return AddFile(context, local, path, manifest);
}

absl::StatusOr<v1::Manifest> StoreModel(RunnerContext& context, const ParameterLayout& layout,
                                        absl::Span<const float> parameters,
                                        const std::string& tokenizer_path) {
  v1::Manifest manifest;
  manifest.set_kind("model");
  const absl::Status stored = AddTensors(context, layout, parameters, "model.safetensors", manifest);
  if (!stored.ok()) return stored;
  const std::string config = edge::WriteHuggingFaceConfig(layout.config(), kDtype);
  if (absl::Status status = AddBytes(context, config, "config.json", manifest); !status.ok()) return status;
  std::string error;
  const auto tokenizer = edge::MappedFile::Open(tokenizer_path, &error);
  if (tokenizer == nullptr) return absl::NotFoundError(absl::StrCat("the tokenizer: ", error));
  const char* tokenizer_name = edge::Tokenizer::FileNameFor(tokenizer->bytes());
  if (absl::Status status = AddFile(context, tokenizer_path, tokenizer_name, manifest); !status.ok())
    return status;
  AddProperty("parameters", absl::StrCat(edge::CountParameters(layout.config())), manifest);
  AddProperty("dtype", kDtype, manifest);
  return manifest;
}

absl::StatusOr<LoadedModel> LoadModel(RunnerContext& context, const InputArtifact& input) {
  const auto config_file = MapFile(context, input, "config.json");
  if (!config_file.ok()) return config_file.status();
  LoadedModel model;
  std::string error;
  if (!edge::ParseHuggingFaceConfig((*config_file)->text(), &model.config, &error)) {
    return Damaged(input, "config.json", error);
  }
  const absl::StatusOr<ParameterLayout> layout = ParameterLayout::Create(model.config);
  if (!layout.ok()) return layout.status();
  const auto weights = MapFile(context, input, "model.safetensors");
  if (!weights.ok()) return weights.status();
  std::map<std::string, edge::TensorView> tensors;
  if (!edge::ParseSafetensors((*weights)->bytes(), &tensors, &error))
    return Damaged(input, "model.safetensors", error);
  model.parameters.resize(layout->size());
  for (const ParameterBlock& block : layout->blocks()) {
    const auto found = tensors.find(block.spec.name);
    if (found == tensors.end() || found->second.shape != block.spec.shape) {
      return Damaged(
          input, "model.safetensors",
          absl::StrCat("tensor ", block.spec.name,
                       found == tensors.end() ? " is missing" : " has another shape than config.json says"));
    }
    if (found->second.dtype != edge::DType::kF32) {
      return absl::FailedPreconditionError(absl::StrCat("artifact ", input.id, ", model.safetensors: tensor ",
                                                        block.spec.name,
                                                        " is not F32, which the trainer reads"));
    }
    std::memcpy(model.parameters.data() + block.offset, found->second.data.data(),
                block.size * sizeof(float));
  }
  return model;
}

absl::StatusOr<std::unique_ptr<edge::Tokenizer>> LoadTokenizer(RunnerContext& context,
                                                               const InputArtifact& input) {
  const std::string name = TokenizerFileName(input.manifest);
  const auto file = MapFile(context, input, name);
  if (!file.ok()) return file.status();
  std::string error;
  std::unique_ptr<edge::Tokenizer> tokenizer = edge::Tokenizer::Parse((*file)->bytes(), &error);
  if (tokenizer == nullptr) return Damaged(input, name, error);
  if (tokenizer->bos_id() < 0 || tokenizer->eos_id() < 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("artifact ", input.id, ", ", name, ": it has no BOS or no EOS; valid: one with both"));
  }
  return tokenizer;
}

}  // namespace bonsai
