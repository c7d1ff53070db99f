#include "coordinator/rpc/artifact_check.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "coordinator/rpc/submission_check.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

constexpr size_t kRememberedMax = 4096;

}  // namespace

absl::StatusOr<v1::ArtifactRecord> ArtifactCheck::Check(const v1::JobRecord& job, absl::string_view id) {
  const std::string name(id);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    auto remembered = found_.find(name);
    if (remembered != found_.end() && remembered->second.record.job_id() == job.id() &&
        absl::Now() - remembered->second.checked < remembered_) {
      metrics_->CountArtifactCheck("cached");
      return remembered->second.record;
    }
  }
  const absl::Time begin = absl::Now();
  absl::StatusOr<v1::ArtifactRecord> record = Read(job, id);
  metrics_->CountArtifactCheck(record.ok() ? "ok" : "refused");
  if (!record.ok()) return record;
  std::lock_guard<std::mutex> lock(mutex_);
  if (found_.insert_or_assign(name, Found{*record, begin}).second) found_order_.push_back(name);
  if (found_order_.size() > kRememberedMax) {
    found_.erase(found_order_.front());
    found_order_.pop_front();
  }
  return record;
}

absl::StatusOr<v1::ArtifactRecord> ArtifactCheck::Read(const v1::JobRecord& job, absl::string_view id) {
  absl::StatusOr<v1::Manifest> manifest = GetManifest(*blobs_, id);
  if (!manifest.ok()) return manifest.status();
  v1::Blob own;
  own.set_sha256(std::string(id));
  own.set_size_bytes(blobs_->SizeOf(id).value_or(0));
  if (absl::Status renewed = blobs_->Renew(own); !renewed.ok()) return renewed;
  if (!manifest->lineage().job_id().empty() && manifest->lineage().job_id() != job.id()) {
    return absl::FailedPreconditionError(absl::StrCat("artifact ", id, " says that it is of job ",
                                                      manifest->lineage().job_id(), ", not of ", job.id()));
  }
  for (const v1::ArtifactFile& file : manifest->files()) {
    const absl::Status there = blobs_->Renew(file.blob());
    if (!there.ok()) {
      return absl::Status(there.code(),
                          absl::StrCat("artifact ", id, ", file ", file.path(), ": ", there.message()));
    }
  }
  if (manifest->kind() == "submission") {
    if (absl::Status admitted = CheckSubmission(*blobs_, *tracks_, find_job_, job, *manifest); !admitted.ok())
      return admitted;
  }
  v1::ArtifactRecord record;
  record.set_id(std::string(id));
  record.set_kind(manifest->kind());
  record.set_job_id(job.id());
  record.set_size_bytes(ArtifactBytes(*manifest));
  record.set_tenant(job.tenant());
  std::set<std::string> inputs;  // each once: one artifact may be the input of several fields
  for (const v1::LineageInput& input : manifest->lineage().inputs()) {
    if (inputs.insert(input.artifact_id()).second) record.add_inputs(input.artifact_id());
  }
  return record;
}

}  // namespace bonsai
