#include "worker/data/data_plan.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/digest.h"
#include "worker/data/path_pattern.h"
#include "worker/data/source_reader.h"

namespace bonsai {
namespace {

constexpr uint64_t kCheckpointEveryBytesDefault = uint64_t{1} << 30;
constexpr uint64_t kCheckpointEveryBytesMin = uint64_t{1} << 16;
constexpr uint64_t kCheckpointEveryBytesMax = uint64_t{1} << 46;

absl::Status Annotate(const absl::Status& status, absl::string_view place) {
  return absl::Status(status.code(), absl::StrCat(place, ": ", status.message()));
}

absl::Status PlanSource(const v1::DataSpec::Source& source, const std::string& field,
                        std::vector<PlannedFile>* files) {
  if (source.dataset().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ".dataset is empty; tracks need its name, as in \"c4\""));
  }
  if (source.paths().empty()) return absl::InvalidArgumentError(absl::StrCat(field, ".paths is empty"));
  if (!source.records_field().empty() && source.format() != v1::DataSpec::JSON_ARRAY) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ".records_field is \"", source.records_field(), "\"; only JSON_ARRAY has one"));
  }
  if (!source.sha256().empty() && !IsSha256Hex(source.sha256())) {
    return absl::InvalidArgumentError(absl::StrCat(field, ".sha256 is \"", source.sha256(),
                                                   "\"; valid are 64 lower-case hexadecimal digits"));
  }
  std::vector<std::string> paths;
  for (int i = 0; i < source.paths_size(); ++i) {
    absl::StatusOr<std::vector<std::string>> matched = ListMatchingFiles(source.paths(i));
    if (!matched.ok()) return Annotate(matched.status(), absl::StrCat(field, ".paths[", i, "]"));
    paths.insert(paths.end(), matched->begin(), matched->end());
  }
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  if (!source.sha256().empty() && paths.size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ".sha256 is for one file; its paths name ", paths.size()));
  }
  for (std::string& path : paths) {
    PlannedFile file;
    file.format = source.format();
    file.records_field = source.records_field();
    file.source.set_dataset(source.dataset());
    file.source.set_split(source.split());
    file.source.set_file(path.substr(path.rfind('/') + 1));
    file.source.set_home(source.home());
    file.source.set_licence(source.licence());
    file.source.set_published(source.published());
    absl::StatusOr<v1::Blob> digest = DigestFile(path);
    if (!digest.ok()) return Annotate(digest.status(), field);
    if (!source.sha256().empty() && digest->sha256() != source.sha256()) {
      return absl::FailedPreconditionError(
          absl::StrCat(field, ".sha256 is ", source.sha256(), ", but ", path, " has ", digest->sha256()));
    }
    file.source.set_sha256(digest->sha256());
    file.source.set_size_bytes(digest->size_bytes());
    file.path = std::move(path);
    files->push_back(std::move(file));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> CheckFormats(const v1::DataSpec& spec) {
  if (spec.sources().empty()) return absl::InvalidArgumentError("data.sources is empty; nothing to read");
  std::string common;
  for (int i = 0; i < spec.sources_size(); ++i) {
    absl::StatusOr<std::string> format = CorpusFormat(spec.sources(i).format());
    if (!format.ok()) return Annotate(format.status(), absl::StrCat("data.sources[", i, "]"));
    if (common.empty()) common = *format;
    if (*format == common) continue;
    return absl::InvalidArgumentError(absl::StrCat("data.sources[", i, "].format gives ", *format,
                                                   ", those before it give ", common,
                                                   "; a corpus holds one kind, so use a data job for each"));
  }
  return common;
}

absl::Status CheckCheckpointEvery(uint64_t bytes) {
  if (bytes == 0 || (bytes >= kCheckpointEveryBytesMin && bytes <= kCheckpointEveryBytesMax))
    return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("data.checkpoint_every_bytes is ", bytes, "; valid are ",
                                                 kCheckpointEveryBytesMin, " to ", kCheckpointEveryBytesMax,
                                                 ", or 0 for ", kCheckpointEveryBytesDefault));
}

std::string FingerprintOf(const v1::DataSpec& spec, const std::vector<PlannedFile>& files) {
  Sha256 digest;
  digest.Update(absl::StrCat(spec.keep_duplicates(), " ", spec.max_documents(), " ", spec.min_text_bytes()));
  for (const PlannedFile& file : files) {
    // Records may be named by their file.
    digest.Update(absl::StrCat("\n", static_cast<int>(file.format), " ", file.source.sha256(), " ",
                               file.source.size_bytes(), " ", file.records_field.size(), " ",
                               file.records_field, file.source.file()));
  }
  return digest.FinishHex();
}

}  // namespace

absl::StatusOr<DataPlan> PlanData(const v1::DataSpec& spec) {
  if (absl::Status valid = CheckCheckpointEvery(spec.checkpoint_every_bytes()); !valid.ok()) return valid;
  absl::StatusOr<std::string> format = CheckFormats(spec);
  if (!format.ok()) return format.status();
  DataPlan plan;
  plan.corpus_format = *std::move(format);
  for (int i = 0; i < spec.sources_size(); ++i) {
    absl::Status planned = PlanSource(spec.sources(i), absl::StrCat("data.sources[", i, "]"), &plan.files);
    if (!planned.ok()) return planned;
  }
  for (const PlannedFile& file : plan.files) plan.bytes += file.source.size_bytes();
  plan.checkpoint_every_bytes =
      spec.checkpoint_every_bytes() > 0 ? spec.checkpoint_every_bytes() : kCheckpointEveryBytesDefault;
  plan.fingerprint = FingerprintOf(spec, plan.files);
  return plan;
}

}  // namespace bonsai
