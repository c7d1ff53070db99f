#include "worker/surgery/export_runner.h"

#include <array>
#include <memory>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "edge_runtime/model/checked_model.h"
#include "edge_runtime/model/llama2c_tokenizer.h"
#include "edge_runtime/model/mapped_file.h"
#include "storage/manifest.h"
#include "storage/tokenizer_file.h"
#include "worker/surgery/gguf_export.h"
#include "worker/surgery/llama2c_export.h"
#include "worker/surgery/repeated_layers.h"
#include "worker/surgery/transformers_files.h"

namespace bonsai {
namespace {

// What fine-tuning leaves beside a model, as transformers names and reads it.
constexpr char kChatTemplate[] = "chat_template.jinja";
constexpr uint64_t kChatTemplateBytesMax = 1 << 16;
constexpr char kFormats[] = "HUGGING_FACE, LLAMA2C, GGUF_F32 and GGUF_F16";

std::array<std::string, 3> ModelFiles(const v1::Manifest& manifest) {
  return {"config.json", "model.safetensors", TokenizerFileName(manifest)};
}

// The model that is exported; the bytes point into the mapped files.
struct Source {
  std::array<std::unique_ptr<edge::MappedFile>, 3> files;
  edge::ModelBytes bytes;
  edge::CheckedModel model;  // its layers repeated where they share weights
  bool repeated = false;
};

// The label of ModelShape: what other programs cannot run is not exported.
absl::Status CheckLlama(const edge::ModelConfig& config) {
  edge::ModelConfig repeated = config;
  repeated.layers_per_weights = 1;
  std::string option;
  if (edge::IsLlama(repeated, &option)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("export.model: ", option,
                   ", which neither LlamaForCausalLM nor llama2.c computes; valid: a "
                   "model without it. evaluate and build take the model itself"));
}

absl::StatusOr<std::unique_ptr<Source>> OpenSource(RunnerContext& context, const InputArtifact& input) {
  auto source = std::make_unique<Source>();
  std::string error;
  const auto names = ModelFiles(input.manifest);
  for (size_t i = 0; i < names.size(); ++i) {
    const absl::StatusOr<std::string> path = context.InputPath(input, names[i]);
    if (!path.ok()) return path.status();
    source->files[i] = edge::MappedFile::Open(*path, &error);
    if (source->files[i] == nullptr) return absl::InternalError(absl::StrCat(names[i], ": ", error));
  }
  source->bytes = {source->files[0]->text(), source->files[1]->bytes(), source->files[2]->bytes()};
  if (!edge::ReadCheckedModel(source->bytes, &source->model, &error)) {
    return absl::InvalidArgumentError(absl::StrCat("the model ", input.id, ": ", error));
  }
  if (absl::Status status = CheckLlama(source->model.config); !status.ok()) return status;
  source->repeated = source->model.config.layers_per_weights > 1;
  if (source->repeated) RepeatLayers(source->model);
  return source;
}

absl::StatusOr<std::set<v1::ExportSpec::Format>> ReadFormats(const v1::ExportSpec& spec) {
  std::set<v1::ExportSpec::Format> formats;
  for (int format : spec.formats()) {
    if (format == v1::ExportSpec::FORMAT_UNSPECIFIED || !v1::ExportSpec::Format_IsValid(format)) {
      return absl::InvalidArgumentError(
          absl::StrCat("export.formats: ", format, " is not known; there are ", kFormats));
    }
    formats.insert(static_cast<v1::ExportSpec::Format>(format));
  }
  if (formats.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("export.formats is empty; there are ", kFormats));
  }
  return formats;
}

absl::Status CheckTokenizer(const std::set<v1::ExportSpec::Format>& formats, const Source& source,
                            const std::string& id) {
  if (!source.model.tokenizer->splits_words()) return absl::OkStatus();
  for (v1::ExportSpec::Format format : formats) {
    if (format == v1::ExportSpec::HUGGING_FACE) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        "export.formats has ", v1::ExportSpec::Format_Name(format),
        format == v1::ExportSpec::LLAMA2C ? ", whose tokenizer.bin has no byte-level merges"
                                          : ", which is written with SentencePiece pieces only",
        "; the model ", id.substr(0, 12), " has a byte-level tokenizer.json: valid is HUGGING_FACE"));
  }
  return absl::OkStatus();
}

// The model's Jinja template; "" if it has none.
absl::StatusOr<std::string> ReadChatTemplate(RunnerContext& context, const InputArtifact& input) {
  const v1::ArtifactFile* file = FindFile(input.manifest, kChatTemplate);
  if (file == nullptr) return "";
  if (file->blob().size_bytes() > kChatTemplateBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("the model ", input.id, ": ", kChatTemplate, " has ",
                                                   file->blob().size_bytes(), " bytes; valid: at most ",
                                                   kChatTemplateBytesMax));
  }
  return context.blobs().Get(file->blob().sha256(), kChatTemplateBytesMax);
}

absl::Status AddTransformersFiles(RunnerContext& context, const InputArtifact& input,
                                  const edge::CheckedModel& model, v1::Manifest& manifest) {
  const absl::StatusOr<std::string> chat_template = ReadChatTemplate(context, input);
  if (!chat_template.ok()) return chat_template.status();
  if (!chat_template->empty()) *manifest.add_files() = *FindFile(input.manifest, kChatTemplate);
  const std::pair<const char*, std::string> kFiles[] = {
      {"generation_config.json", WriteGenerationConfig(model.config)},
      {"tokenizer_config.json", WriteTokenizerConfig(model.config, *model.tokenizer, *chat_template)},
      {"special_tokens_map.json", WriteSpecialTokensMap(*model.tokenizer)}};
  for (const auto& [path, bytes] : kFiles) {
    if (absl::Status status = AddBytes(context, bytes, path, manifest); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status AddLlama2cFiles(RunnerContext& context, const Source& source, v1::Manifest& manifest) {
  const std::string path = context.task().work_dir() + "/model.bin";
  if (absl::Status status = WriteLlama2cModel(source.model, path); !status.ok()) return status;
  if (absl::Status status = CheckSameLogits(source.bytes, path); !status.ok()) return status;
  const std::string tokenizer = edge::WriteLlama2cTokenizer(*source.model.tokenizer);
  if (absl::Status status = CheckSameIds(*source.model.tokenizer, tokenizer); !status.ok()) return status;
  if (absl::Status status = AddFile(context, path, "model.bin", manifest); !status.ok()) return status;
  return AddBytes(context, tokenizer, "tokenizer.bin", manifest);
}

absl::Status AddGgufFile(RunnerContext& context, const InputArtifact& input, const Source& source,
                         GgufType weights, v1::Manifest& manifest) {
  const absl::StatusOr<std::string> chat_template = ReadChatTemplate(context, input);
  if (!chat_template.ok()) return chat_template.status();
  const std::string name = weights == GgufType::kF16 ? "model-f16.gguf" : "model-f32.gguf";
  const std::string path = context.task().work_dir() + "/" + name;
  absl::Status status = WriteGguf(source.model, source.bytes.tokenizer, *chat_template, weights, path);
  if (status.ok()) status = CheckGguf(source.model, path);
  if (!status.ok()) return status;
  return AddFile(context, path, name, manifest);
}

absl::Status AddFormat(RunnerContext& context, const InputArtifact& input, const Source& source,
                       v1::ExportSpec::Format format, v1::Manifest& manifest) {
  switch (format) {
    case v1::ExportSpec::HUGGING_FACE:
      return AddTransformersFiles(context, input, source.model, manifest);
    case v1::ExportSpec::LLAMA2C:
      return AddLlama2cFiles(context, source, manifest);
    case v1::ExportSpec::GGUF_F32:
      return AddGgufFile(context, input, source, GgufType::kF32, manifest);
    default:
      return AddGgufFile(context, input, source, GgufType::kF16, manifest);
  }
}

void AddProperty(absl::string_view name, std::string value, v1::Manifest& manifest) {
  v1::Property* property = manifest.add_properties();
  property->set_name(std::string(name));
  property->set_value(std::move(value));
}

// The model with a tensor for each of its layers, as files of its own.
absl::Status AddRepeatedModel(RunnerContext& context, const InputArtifact& input, const Source& source,
                              v1::Manifest& manifest) {
  const std::vector<std::string> dtypes = edge::ListDTypes(source.model.tensors);
  const char* dtype = dtypes.front() == "F32" ? "float32" : dtypes.front() == "BF16" ? "bfloat16" : "float16";
  const std::string config = edge::WriteHuggingFaceConfig(source.model.config, dtype);
  if (absl::Status status = AddBytes(context, config, "config.json", manifest); !status.ok()) return status;
  const std::string path = context.task().work_dir() + "/model.safetensors";
  if (absl::Status status = WriteTensors(source.model, path); !status.ok()) return status;
  if (absl::Status status = CheckSameLogits(source.bytes, config, path); !status.ok()) return status;
  *manifest.add_files() = *FindFile(input.manifest, TokenizerFileName(input.manifest));
  return AddFile(context, path, "model.safetensors", manifest);
}

// The manifest with the model's own files, by the same blobs unless its layers are repeated.
absl::StatusOr<v1::Manifest> CopyModel(RunnerContext& context, const InputArtifact& input,
                                       const Source& source,
                                       const std::set<v1::ExportSpec::Format>& formats) {
  v1::Manifest manifest;
  manifest.set_kind("export");
  if (source.repeated) {
    const absl::Status status = AddRepeatedModel(context, input, source, manifest);
    if (!status.ok()) return status;
  } else {
    for (const std::string& path : ModelFiles(input.manifest))
      *manifest.add_files() = *FindFile(input.manifest, path);
  }
  AddProperty("parameters", absl::StrCat(edge::CountElements(source.model.tensors)), manifest);
  AddProperty("dtype", absl::StrJoin(edge::ListDTypes(source.model.tensors), " "), manifest);
  AddProperty("formats",
              absl::StrJoin(formats, " ",
                            [](std::string* out, v1::ExportSpec::Format format) {
                              absl::StrAppend(out, v1::ExportSpec::Format_Name(format));
                            }),
              manifest);
  return manifest;
}

}  // namespace

absl::Status RunExport(RunnerContext& context) {
  const absl::StatusOr<std::set<v1::ExportSpec::Format>> formats =
      ReadFormats(context.task().spec().export_());
  if (!formats.ok()) return formats.status();
  const absl::StatusOr<InputArtifact> input = context.Input("export.model");
  if (!input.ok()) return input.status();
  const absl::StatusOr<std::unique_ptr<Source>> source = OpenSource(context, *input);
  if (!source.ok()) return source.status();

  if (absl::Status valid = CheckTokenizer(*formats, **source, input->id); !valid.ok()) return valid;

  if (context.StopRequested()) return absl::CancelledError("asked to stop");
  absl::StatusOr<v1::Manifest> manifest = CopyModel(context, *input, **source, *formats);
  if (!manifest.ok()) return manifest.status();
  uint64_t done = 0;
  for (v1::ExportSpec::Format format : *formats) {
    context.ReportProgress(done++, formats->size(), "formats");
    if (context.StopRequested()) return absl::CancelledError("asked to stop");
    const absl::Status status = AddFormat(context, *input, **source, format, *manifest);
    if (!status.ok()) return status;
  }
  context.ReportProgress(done, formats->size(), "formats", 0);
  return context.PublishOutput(*std::move(manifest)).status();
}

}  // namespace bonsai
