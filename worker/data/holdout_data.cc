#include "worker/data/holdout_data.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/digest.h"
#include "storage/file_bytes.h"
#include "storage/sealed_file.h"
#include "worker/data/path_pattern.h"

namespace bonsai {
namespace {

constexpr char kSource[] = "data.sources[0]";

absl::Status NoEffect(absl::string_view field) {
  return absl::InvalidArgumentError(absl::StrCat(
      field, " has no effect on a sealed file, whose questions cannot be read here; leave it out"));
}

absl::Status CheckSpec(const v1::DataSpec& spec) {
  if (spec.sources_size() != 1) {
    return absl::InvalidArgumentError(absl::StrCat("data.sources: ", spec.sources_size(),
                                                   " sources, one of them SEALED; a sealed file is alone"));
  }
  if (spec.keep_duplicates()) return NoEffect("data.keep_duplicates");
  if (spec.max_documents() != 0) return NoEffect("data.max_documents");
  if (spec.min_text_bytes() != 0) return NoEffect("data.min_text_bytes");
  if (spec.checkpoint_every_bytes() != 0) return NoEffect("data.checkpoint_every_bytes");
  const v1::DataSpec::Source& source = spec.sources(0);
  if (!source.records_field().empty()) return NoEffect(absl::StrCat(kSource, ".records_field"));
  if (!source.url().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(kSource, ".url: a sealed file is named by paths, not fetched"));
  }
  if (source.dataset().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(kSource, ".dataset is empty; tracks need its name"));
  }
  if (source.paths_size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(kSource, ".paths: ", source.paths_size(), " paths; a sealed file is one"));
  }
  return absl::OkStatus();
}

}  // namespace

bool IsHoldoutData(const v1::DataSpec& spec) {
  return std::any_of(spec.sources().begin(), spec.sources().end(), [](const v1::DataSpec::Source& source) {
    return source.format() == v1::DataSpec::SEALED;
  });
}

absl::Status RunHoldoutData(RunnerContext& context) {
  const v1::DataSpec& spec = context.task().spec().data();
  if (absl::Status status = CheckSpec(spec); !status.ok()) return status;
  const v1::DataSpec::Source& source = spec.sources(0);
  const absl::StatusOr<std::vector<std::string>> paths = ListMatchingFiles(source.paths(0));
  if (!paths.ok()) return paths.status();
  if (paths->size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(kSource, ".paths[0] names ", paths->size(), " files; a sealed file is one"));
  }
  const std::string& path = paths->front();
  const absl::StatusOr<std::string> sealed = ReadFileBytes(path, kSealedBytesMax);
  if (!sealed.ok()) return sealed.status();
  if (absl::Status status = CheckSealed(*sealed); !status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", status.message()));
  }
  const std::string sha256 = Sha256Hex(*sealed);
  if (!source.sha256().empty() && source.sha256() != sha256) {
    return absl::FailedPreconditionError(
        absl::StrCat(kSource, ".sha256 is ", source.sha256(), ", but ", path, " has ", sha256));
  }
  v1::Manifest manifest;
  manifest.set_kind("holdout");
  if (absl::Status added = AddBytes(context, *sealed, kSealedQuestionsPath, manifest); !added.ok())
    return added;
  v1::DatasetSource& from = *manifest.mutable_lineage()->add_sources();
  from.set_dataset(source.dataset());
  from.set_split(source.split());
  from.set_file(path.substr(path.rfind('/') + 1));
  from.set_home(source.home());
  from.set_licence(source.licence());
  from.set_published(source.published());
  from.set_sha256(sha256);
  from.set_size_bytes(sealed->size());
  return context.PublishOutput(std::move(manifest)).status();
}

}  // namespace bonsai
