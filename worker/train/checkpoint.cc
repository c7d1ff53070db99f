#include "worker/train/checkpoint.h"

#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "storage/digest.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

constexpr char kFormat[] = "bonsai-train-1";

absl::string_view BytesOf(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

void AddProperty(absl::string_view name, std::string value, v1::Manifest& manifest) {
  v1::Property& property = *manifest.add_properties();
  property.set_name(std::string(name));
  property.set_value(std::move(value));
}

absl::Status ReadValues(RunnerContext& context, const v1::Manifest& manifest, absl::string_view path,
                        uint64_t count, std::vector<float>* values) {
  const v1::ArtifactFile* file = FindFile(manifest, path);
  if (file == nullptr) return absl::DataLossError(absl::StrCat(path, " is missing"));
  if (file->blob().size_bytes() != count * sizeof(float)) {
    return absl::FailedPreconditionError(absl::StrCat(path, " has ", file->blob().size_bytes(),
                                                      " bytes; this run's has ", count * sizeof(float)));
  }
  absl::StatusOr<std::string> bytes = context.blobs().Get(file->blob().sha256(), count * sizeof(float));
  if (!bytes.ok())
    return absl::Status(bytes.status().code(), absl::StrCat(path, ": ", bytes.status().message()));
  if (bytes->size() != count * sizeof(float)) {
    return absl::DataLossError(
        absl::StrCat(path, " has ", bytes->size(), " bytes instead of ", count * sizeof(float)));
  }
  values->resize(count);
  std::memcpy(values->data(), bytes->data(), bytes->size());
  return absl::OkStatus();
}

}  // namespace

absl::Status SaveCheckpoint(RunnerContext& context, absl::string_view fingerprint, const TrainState& state) {
  v1::Manifest manifest;
  manifest.set_kind("checkpoint");
  const struct {
    const char* path;
    const std::vector<float>& values;
  } files[] = {{"parameters.f32", state.parameters},
               {"moment1.f32", state.moment1},
               {"moment2.f32", state.moment2},
               {"losses.f32", state.losses}};
  for (const auto& file : files) {
    if (absl::Status status = AddBytes(context, BytesOf(file.values), file.path, manifest); !status.ok())
      return status;
  }
  AddProperty("format", kFormat, manifest);
  AddProperty("step", absl::StrCat(state.step), manifest);
  AddProperty("fingerprint", std::string(fingerprint), manifest);
  return context.PublishCheckpoint(std::move(manifest), state.step).status();
}

absl::StatusOr<TrainState> LoadCheckpoint(RunnerContext& context, absl::string_view manifest_id,
                                          absl::string_view fingerprint, uint64_t parameters) {
  const absl::StatusOr<v1::Manifest> manifest = GetManifest(context.blobs(), manifest_id);
  if (!manifest.ok()) return manifest.status();
  if (FindProperty(*manifest, "format") != kFormat) {
    return absl::FailedPreconditionError(absl::StrCat("its format is \"", FindProperty(*manifest, "format"),
                                                      "\"; this trainer reads ", kFormat));
  }
  if (FindProperty(*manifest, "fingerprint") != fingerprint) {
    return absl::FailedPreconditionError("it belongs to a run with another spec, model or input");
  }
  TrainState state;
  // A bound on the losses that are read: a step each.
  if (!absl::SimpleAtoi(FindProperty(*manifest, "step"), &state.step) || state.step > UINT32_MAX) {
    return absl::DataLossError(absl::StrCat("its step is \"", FindProperty(*manifest, "step"), "\""));
  }
  const struct {
    const char* path;
    uint64_t count;
    std::vector<float>* values;
  } files[] = {{"parameters.f32", parameters, &state.parameters},
               {"moment1.f32", parameters, &state.moment1},
               {"moment2.f32", parameters, &state.moment2},
               {"losses.f32", state.step, &state.losses}};
  for (const auto& file : files) {
    if (absl::Status status = ReadValues(context, *manifest, file.path, file.count, file.values);
        !status.ok()) {
      return status;
    }
  }
  return state;
}

}  // namespace bonsai
