#include "worker/train/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "storage/manifest.h"
#include "worker/train/checkpoint_ranges.h"

namespace bonsai {
namespace {

constexpr char kFormat[] = "bonsai-train-2";
constexpr char kFormatWithRanges[] = "bonsai-train-3";
constexpr char kLosses[] = "losses.f32";
constexpr char kRanges[] = "ranges.u64";
constexpr char kRecord[] = "run.json";
constexpr char kBest[] = "best.f32";
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

absl::StatusOr<std::string> ReadBytes(RunnerContext& context, const v1::ArtifactFile& file) {
  const uint64_t size = file.blob().size_bytes();
  absl::StatusOr<std::string> bytes = context.blobs().Get(file.blob().sha256(), size);
  if (!bytes.ok())
    return absl::Status(bytes.status().code(), absl::StrCat(file.path(), ": ", bytes.status().message()));
  if (bytes->size() != size) {
    return absl::DataLossError(absl::StrCat(file.path(), " has ", bytes->size(), " bytes instead of ", size));
  }
  return bytes;
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
  return ReadBytes(context, *file);
}

// The record, and the best parameters that it tells of. A checkpoint of an earlier version has neither.
absl::Status ReadRecord(RunnerContext& context, const v1::Manifest& manifest, TrainState& state) {
  const v1::ArtifactFile* file = FindFile(manifest, kRecord);
  if (file == nullptr) return absl::OkStatus();
  if (file->blob().size_bytes() > RunRecord::kBytesMax) {
    return absl::DataLossError(absl::StrCat(kRecord, " has ", file->blob().size_bytes(),
                                            " bytes; valid: at most ", RunRecord::kBytesMax));
  }
  const absl::StatusOr<std::string> text = ReadBytes(context, *file);
  if (!text.ok()) return text.status();
  absl::StatusOr<RunRecord> record = RunRecord::FromJson(*text);
  if (!record.ok()) return absl::DataLossError(absl::StrCat(kRecord, ": ", record.status().message()));
  state.record = *std::move(record);
  if (!state.record.best) return absl::OkStatus();
  const absl::StatusOr<std::string> best = ReadValues(context, manifest, kBest, state.parameters.size());
  if (!best.ok()) return best.status();
  std::vector<float> parameters(state.parameters.size());
  std::memcpy(parameters.data(), best->data(), best->size());
  state.best = std::make_shared<const std::vector<float>>(std::move(parameters));
  return absl::OkStatus();
}

// The values that one part holds, or that a rank keeps moments of, one range after the other.
struct Share {
  std::vector<FlatRange> ranges;
  std::vector<uint64_t> places;  // where each begins
  uint64_t size = 0;

  void Add(const FlatRange& range) {
    ranges.push_back(range);
    places.push_back(size);
    size += range.size();
  }
};

// Copies what of the values `range`, which begin at `from`, belongs to the share.
void CopyInto(const Share& share, const FlatRange& range, const float* from, std::vector<float>& to) {
  auto at = std::partition_point(share.ranges.begin(), share.ranges.end(),
                                 [&](const FlatRange& kept) { return kept.end <= range.begin; });
  for (; at != share.ranges.end() && at->begin < range.end; ++at) {
    const uint64_t begin = std::max(at->begin, range.begin), end = std::min(at->end, range.end);
    const uint64_t place = share.places[static_cast<size_t>(at - share.ranges.begin())] + begin - at->begin;
    std::memcpy(to.data() + place, from + (begin - range.begin), (end - begin) * sizeof(float));
  }
}

// Which values each part holds.
absl::StatusOr<std::vector<Share>> ReadRanges(RunnerContext& context, const v1::Manifest& manifest,
                                              uint64_t parameters, uint32_t parts) {
  std::vector<Share> shares(parts);
  if (FindProperty(manifest, "format") == kFormat) {
    for (uint32_t part = 0; part < parts; ++part) shares[part].Add(PartRange(parameters, parts, part));
    return shares;
  }
  const v1::ArtifactFile* file = FindFile(manifest, kRanges);
  const uint64_t size = file == nullptr ? 0 : file->blob().size_bytes();
  if (size > kCheckpointRangesMax * kRangeBytes || size % sizeof(float) != 0) {
    return absl::DataLossError(absl::StrCat(kRanges, " has ", size, " bytes"));
  }
  const absl::StatusOr<std::string> bytes = ReadValues(context, manifest, kRanges, size / sizeof(float));
  if (!bytes.ok()) return bytes.status();
  const absl::StatusOr<std::vector<OwnedRange>> ranges = DecodeRanges(*bytes, parameters, parts);
  if (!ranges.ok()) return absl::DataLossError(absl::StrCat(kRanges, " ", ranges.status().message()));
  for (const OwnedRange& range : *ranges) shares[range.owner].Add({range.begin, range.end});
  return shares;
}

absl::Status ReadPart(RunnerContext& context, const v1::Manifest& manifest, uint32_t part,
                      const std::vector<Share>& parts, const Share& kept, TrainState& state) {
  const Share& held = parts[part];
  const absl::StatusOr<std::string> bytes = ReadValues(
      context, manifest, PartPath(part, static_cast<uint32_t>(parts.size())), kBuffers * held.size);
  if (!bytes.ok()) return bytes.status();
  const float* from = reinterpret_cast<const float*>(bytes->data());
  for (const FlatRange& range : held.ranges) {
    if (range.size() > 0)
      std::memcpy(state.parameters.data() + range.begin, from, range.size() * sizeof(float));
    from += range.size();
  }
  for (std::vector<float>* moment : {&state.moment1, &state.moment2}) {
    for (const FlatRange& range : held.ranges) {
      CopyInto(kept, range, from, *moment);
      from += range.size();
    }
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

v1::Manifest CheckpointManifest(const CheckpointHeader& header, const CheckpointBlobs& blobs) {
  v1::Manifest manifest;
  manifest.set_kind("checkpoint");
  const uint32_t count = static_cast<uint32_t>(blobs.parts.size());
  for (uint32_t part = 0; part < count; ++part) AddBlob(PartPath(part, count), blobs.parts[part], manifest);
  AddBlob(kLosses, blobs.losses, manifest);
  AddBlob(kRecord, blobs.record, manifest);
  if (blobs.best) AddBlob(kBest, *blobs.best, manifest);
  if (blobs.ranges) AddBlob(kRanges, *blobs.ranges, manifest);
  AddProperty("format", blobs.ranges ? kFormatWithRanges : kFormat, manifest);
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
                                          absl::string_view fingerprint, uint64_t parameters,
                                          const std::optional<std::vector<FlatRange>>& share) {
  const absl::StatusOr<v1::Manifest> manifest = GetManifest(context.blobs(), manifest_id);
  if (!manifest.ok()) return manifest.status();
  const std::string format = FindProperty(*manifest, "format");
  if (format != kFormat && format != kFormatWithRanges) {
    return absl::FailedPreconditionError(absl::StrCat("its format is \"", format, "\"; this trainer reads ",
                                                      kFormat, " and ", kFormatWithRanges));
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
  const absl::StatusOr<std::vector<Share>> held = ReadRanges(context, *manifest, parameters, parts);
  if (!held.ok()) return held.status();
  Share kept;
  for (const FlatRange& range : share ? *share : std::vector<FlatRange>{{0, parameters}}) kept.Add(range);
  state.parameters.resize(parameters);
  for (std::vector<float>* moment : {&state.moment1, &state.moment2}) moment->resize(kept.size);
  for (uint32_t part = 0; part < parts; ++part) {
    if (absl::Status status = ReadPart(context, *manifest, part, *held, kept, state); !status.ok())
      return status;
  }
  const absl::StatusOr<std::string> losses = ReadValues(context, *manifest, kLosses, state.step);
  if (!losses.ok()) return losses.status();
  state.losses.resize(state.step);
  if (!losses->empty()) std::memcpy(state.losses.data(), losses->data(), losses->size());
  if (absl::Status status = ReadRecord(context, *manifest, state); !status.ok()) return status;
  return state;
}

}  // namespace bonsai
