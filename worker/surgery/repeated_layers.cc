#include "worker/surgery/repeated_layers.h"

#include <cerrno>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "edge_runtime/engine/engine.h"
#include "edge_runtime/model/mapped_file.h"
#include "edge_runtime/model/safetensors.h"
#include "worker/surgery/logit_check.h"

namespace bonsai {

void RepeatLayers(edge::CheckedModel& model) {
  const std::vector<edge::TensorSpec> shared = edge::ListTensors(model.config);
  const int32_t copies = model.config.layers_per_weights;
  std::map<std::pair<edge::TensorRole, int32_t>, std::string> names;
  for (const edge::TensorSpec& spec : shared) names[{spec.role, spec.layer}] = spec.name;
  model.config.layers_per_weights = 1;
  std::map<std::string, edge::TensorView> tensors;
  for (const edge::TensorSpec& spec : edge::ListTensors(model.config)) {
    const int32_t layer = spec.layer < 0 ? spec.layer : spec.layer / copies;
    tensors[spec.name] = model.tensors.at(names.at({spec.role, layer}));
  }
  model.tensors = std::move(tensors);
}

absl::Status WriteTensors(const edge::CheckedModel& repeated, const std::string& path) {
  std::vector<edge::TensorToWrite> tensors;
  for (const edge::TensorSpec& spec : edge::ListTensors(repeated.config)) {
    tensors.push_back({spec.name, repeated.tensors.at(spec.name)});
  }
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "wb"), std::fclose);
  if (file == nullptr) return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", path));
  const std::string header = edge::WriteSafetensorsHeader(tensors);
  bool ok = std::fwrite(header.data(), 1, header.size(), file.get()) == header.size();
  for (const edge::TensorToWrite& tensor : tensors) {
    const std::span<const uint8_t> bytes = tensor.view.data;
    ok = ok && std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size();
  }
  if (ok && std::fflush(file.get()) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
}

absl::Status CheckSameLogits(const edge::ModelBytes& shared, const std::string& config_json,
                             const std::string& path) {
  std::string error;
  const std::unique_ptr<edge::Model> before =
      edge::Model::FromSafetensors(shared.config_json, shared.weights, &error);
  if (before == nullptr) return absl::InternalError(absl::StrCat("model.safetensors: ", error));
  const std::unique_ptr<edge::MappedFile> file = edge::MappedFile::Open(path, &error);
  if (file == nullptr) return absl::InternalError(error);
  const std::unique_ptr<edge::Model> after = edge::Model::FromSafetensors(config_json, file->bytes(), &error);
  if (after == nullptr)
    return absl::InternalError(absl::StrCat("the model.safetensors just written: ", error));
  return CheckSameLogits(*before, *after, "model.safetensors");
}

}  // namespace bonsai
