#include "worker/train/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

constexpr char kFormat[] = "bonsai-train-2";
constexpr char kLosses[] = "losses.f32";
constexpr uint64_t kBlockValues = 1024;
constexpr uint64_t kBuffers = 3;  // parameters and two moments

std::string PartPath(uint32_t part, uint32_t parts) {
  return absl::StrFormat("part-%05d-of-%05d.f32", part, parts);
}

void AddProperty(absl::string_view name, std::string value, v1::Manifest& manifest) {
  v1::Property& property = *manifest.add_properties();
  property.set_name(std::string(name));
  property.set_value(std::move(value));
}

void AddBlob(std::string path, const v1::Blob& blob, v1::Manifest& manifest) {
  v1::ArtifactFile& file = *manifest.add_files();
  file.set_path(std::move(path));
  *file.mutable_blob() = blob;
}

// The bytes of a file of `count` values.
absl::StatusOr<std::string> ReadValues(RunnerContext& context, const v1::Manifest& manifest,
                                       absl::string_view path, uint64_t count) {
  const v1::ArtifactFile* file = FindFile(manifest, path);
  if (file == nullptr) return absl::DataLossError(absl::StrCat(path, " is missing"));
  const uint64_t size = count * sizeof(float);
  if (file->blob().size_bytes() != size) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " has ", file->blob().size_bytes(), " bytes; this run's has ", size));
  }
  absl::StatusOr<std::string> bytes = context.blobs().Get(file->blob().sha256(), size);
  if (!bytes.ok())
    return absl::Status(bytes.status().code(), absl::StrCat(path, ": ", bytes.status().message()));
  if (bytes->size() != size) {
    return absl::DataLossError(absl::StrCat(path, " has ", bytes->size(), " bytes instead of ", size));
  }
  return bytes;
}

absl::Status ReadPart(RunnerContext& context, const v1::Manifest& manifest, uint32_t parts, uint32_t part,
                      TrainState& state) {
  const FlatRange range = PartRange(state.parameters.size(), parts, part);
  const absl::StatusOr<std::string> bytes =
      ReadValues(context, manifest, PartPath(part, parts), kBuffers * range.size());
  if (!bytes.ok()) return bytes.status();
  const char* from = bytes->data();
  for (std::vector<float>* buffer : {&state.parameters, &state.moment1, &state.moment2}) {
    if (range.size() > 0) std::memcpy(buffer->data() + range.begin, from, range.size() * sizeof(float));
    from += range.size() * sizeof(float);
  }
  return absl::OkStatus();
}

template <typename Number>
absl::Status ReadNumber(const v1::Manifest& manifest, absl::string_view name, uint64_t least, uint64_t most,
                        Number* number) {
  const std::string text = FindProperty(manifest, name);
  if (absl::SimpleAtoi(text, number) && *number >= least && *number <= most) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("its ", name, " is \"", text, "\"; valid: ", least, " to ", most));
}

}  // namespace

FlatRange PartRange(uint64_t parameters, uint32_t parts, uint32_t part) {
  const uint64_t blocks = (parameters + kBlockValues - 1) / kBlockValues;
  const auto edge = [&](uint64_t p) { return std::min(parameters, blocks * p / parts * kBlockValues); };
  return {edge(part), edge(uint64_t{part} + 1)};
}

v1::Manifest CheckpointManifest(const CheckpointHeader& header, const std::vector<v1::Blob>& parts,
                                const v1::Blob& losses) {
  v1::Manifest manifest;
  manifest.set_kind("checkpoint");
  const uint32_t count = static_cast<uint32_t>(parts.size());
  for (uint32_t part = 0; part < count; ++part) AddBlob(PartPath(part, count), parts[part], manifest);
  AddBlob(kLosses, losses, manifest);
  AddProperty("format", kFormat, manifest);
  AddProperty("step", absl::StrCat(header.step), manifest);
  AddProperty("parameters", absl::StrCat(header.parameters), manifest);
  AddProperty("parts", absl::StrCat(count), manifest);
  AddProperty("fingerprint", header.fingerprint, manifest);
  for (const auto& [name, value] : header.metrics) {
    if (!std::isfinite(value)) continue;
    AddProperty(absl::StrCat("metric.", name), absl::StrFormat("%.9g", value), manifest);
  }
  return manifest;
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
  if (FindProperty(*manifest, "parameters") != absl::StrCat(parameters)) {
    return absl::FailedPreconditionError(absl::StrCat("it has ", FindProperty(*manifest, "parameters"),
                                                      " parameters; this run has ", parameters));
  }
  TrainState state;
  uint32_t parts = 0;
  if (absl::Status status = ReadNumber(*manifest, "parts", 1, kCheckpointPartsMax, &parts); !status.ok())
    return status;
  // The step bounds the losses that are read.
  if (absl::Status status = ReadNumber(*manifest, "step", 0, UINT32_MAX, &state.step); !status.ok())
    return status;
  for (std::vector<float>* buffer : {&state.parameters, &state.moment1, &state.moment2})
    buffer->resize(parameters);
  for (uint32_t part = 0; part < parts; ++part) {
    if (absl::Status status = ReadPart(context, *manifest, parts, part, state); !status.ok()) return status;
  }
  const absl::StatusOr<std::string> losses = ReadValues(context, *manifest, kLosses, state.step);
  if (!losses.ok()) return losses.status();
  state.losses.resize(state.step);
  if (!losses->empty()) std::memcpy(state.losses.data(), losses->data(), losses->size());
  return state;
}

}  // namespace bonsai
