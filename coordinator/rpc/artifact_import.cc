#include "coordinator/rpc/artifact_import.h"

#include <google/protobuf/text_format.h>

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/rpc/submission_check.h"
#include "storage/digest.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

constexpr size_t kNamedInputsMax = 10;

// The job that the lineage describes, as far as CheckSubmission needs it.
absl::StatusOr<v1::JobRecord> JobOf(const v1::Manifest& manifest) {
  v1::JobRecord job;
  job.set_id(manifest.lineage().job_id());
  if (!google::protobuf::TextFormat::ParseFromString(manifest.lineage().spec(), job.mutable_spec()) ||
      !job.spec().has_submission()) {
    return absl::FailedPreconditionError("lineage.spec: is not the spec of a submission job");
  }
  for (const v1::LineageInput& input : manifest.lineage().inputs()) {
    v1::ResolvedInput& resolved = *job.add_inputs();
    resolved.set_field(input.field());
    resolved.set_artifact_id(input.artifact_id());
  }
  return job;
}

}  // namespace

absl::Status ArtifactImport::CheckInputs(const v1::Manifest& manifest) const {
  std::set<std::string> missing;
  for (const v1::LineageInput& input : manifest.lineage().inputs()) {
    v1::ArtifactRecord ignored;
    if (!parts_.find(input.artifact_id(), &ignored)) missing.insert(input.artifact_id());
  }
  if (missing.empty()) return absl::OkStatus();
  const size_t count = missing.size();
  while (missing.size() > kNamedInputsMax) missing.erase(std::prev(missing.end()));
  return absl::FailedPreconditionError(
      absl::StrCat("it was made from ", count, " artifacts that are not here; import them first: ",
                   absl::StrJoin(missing, ", "), count > missing.size() ? ", ..." : ""));
}

absl::StatusOr<v1::ArtifactRecord> ArtifactImport::Put(const std::string& manifest_id,
                                                       const Actor& actor) const {
  if (!actor.admin) {
    return absl::PermissionDeniedError(
        "an artifact's lineage is believed as its importer is: this takes a token with the role ADMIN or "
        "WORK");
  }
  if (!IsSha256Hex(manifest_id)) {
    return absl::InvalidArgumentError(absl::StrCat("manifest_id: \"", manifest_id.substr(0, 80),
                                                   "\" is not 64 lower-case hexadecimal digits"));
  }
  v1::ArtifactRecord record;
  if (parts_.find(manifest_id, &record)) return record;
  const auto about = [&](const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat("artifact ", manifest_id, ": ", status.message()));
  };
  absl::StatusOr<v1::Manifest> manifest = GetManifest(*parts_.blobs, manifest_id);
  if (!manifest.ok()) return about(manifest.status());
  if (absl::Status inputs = CheckInputs(*manifest); !inputs.ok()) return about(inputs);
  if (absl::Status whole = VerifyArtifact(*parts_.blobs, *manifest); !whole.ok()) return about(whole);
  if (manifest->kind() == "submission") {
    absl::StatusOr<v1::JobRecord> job = JobOf(*manifest);
    if (!job.ok()) return about(job.status());
    absl::Status admitted = CheckSubmission(*parts_.blobs, *parts_.tracks, parts_.find_job, *job, *manifest);
    if (!admitted.ok()) return about(admitted);
  }
  record.set_id(manifest_id);
  record.set_kind(manifest->kind());
  record.set_size_bytes(ArtifactBytes(*manifest));
  std::set<std::string> inputs;
  for (const v1::LineageInput& input : manifest->lineage().inputs()) inputs.insert(input.artifact_id());
  for (const std::string& input : inputs) record.add_inputs(input);
  return parts_.enter({std::move(record), actor});
}

}  // namespace bonsai
