#include "runner/store_runner_context.h"

#include <google/protobuf/text_format.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "runner/task_file.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

// "the input pretrain.tokens (artifact 12ab...)"
std::string InputName(absl::string_view field, absl::string_view id) {
  return absl::StrCat("input ", field, " (artifact ", id.substr(0, 12), ")");
}

bool Takes(absl::string_view kinds, absl::string_view kind) {
  if (kinds.empty()) return true;
  for (absl::string_view one : absl::StrSplit(kinds, '|')) {
    if (one == kind) return true;
  }
  return false;
}

// The properties "metric.<name>" that are numbers.
void AddMetrics(const v1::Manifest& manifest, v1::CheckpointWritten& checkpoint) {
  constexpr absl::string_view kPrefix = "metric.";
  for (const v1::Property& property : manifest.properties()) {
    double value = 0;
    if (!absl::StartsWith(property.name(), kPrefix) || !absl::SimpleAtod(property.value(), &value)) continue;
    v1::Metric& metric = *checkpoint.add_metrics();
    metric.set_name(property.name().substr(kPrefix.size()));
    metric.set_value(value);
  }
}

}  // namespace

absl::StatusOr<InputArtifact> StoreRunnerContext::Input(absl::string_view field) {
  const v1::ResolvedInput* input = nullptr;
  for (const v1::ResolvedInput& candidate : task_.inputs()) {
    if (candidate.field() == field) input = &candidate;
  }
  if (input == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("input ", field, " is not set in the task"));
  }
  std::string name = InputName(field, input->artifact_id());
  absl::StatusOr<v1::Manifest> manifest = GetManifest(blobs_, input->artifact_id());
  if (!manifest.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(name, ": ", manifest.status().message()));
  }
  if (!Takes(input->kinds(), manifest->kind())) {
    return absl::FailedPreconditionError(
        absl::StrCat(name, ": its kind is ", manifest->kind(), ": want ", input->kinds()));
  }
  for (const v1::ArtifactFile& file : manifest->files()) {
    if (absl::Status status = blobs_.Check(file.blob()); !status.ok()) {
      return absl::FailedPreconditionError(absl::StrCat(name, ", ", file.path(), ": ", status.message()));
    }
  }
  return InputArtifact{input->artifact_id(), *std::move(manifest)};
}

absl::StatusOr<std::string> StoreRunnerContext::InputPath(const InputArtifact& input,
                                                          absl::string_view path) {
  const v1::ArtifactFile* file = FindFile(input.manifest, path);
  if (file == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("artifact ", input.id, " (", input.manifest.kind(), ") holds no file ", path));
  }
  bool verified;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    verified = verified_.count(file->blob().sha256()) > 0;
  }
  if (!verified) {
    if (absl::Status status = blobs_.Verify(file->blob()); !status.ok()) {
      return absl::Status(status.code(),
                          absl::StrCat("artifact ", input.id, ", ", path, ": ", status.message()));
    }
    std::lock_guard<std::mutex> lock(mutex_);
    verified_.insert(file->blob().sha256());
  }
  return blobs_.LocalPath(file->blob());
}

void StoreRunnerContext::ReportProgress(uint64_t step, uint64_t total_steps, absl::string_view unit,
                                        double eta_seconds) {
  v1::RunnerEvent event;
  v1::Progress& progress = *event.mutable_progress();
  progress.set_step(step);
  progress.set_total_steps(total_steps);
  progress.set_unit(std::string(unit));
  progress.set_eta_seconds(eta_seconds);
  Emit(event);
}

void StoreRunnerContext::ReportSample(uint64_t step,
                                      const std::vector<std::pair<std::string, double>>& metrics) {
  v1::RunnerEvent event;
  event.mutable_sample()->set_step(step);
  for (const auto& [name, value] : metrics) {
    v1::Metric& metric = *event.mutable_sample()->add_metrics();
    metric.set_name(name);
    metric.set_value(value);
  }
  Emit(event);
}

void StoreRunnerContext::FillLineage(v1::Manifest& manifest) const {
  v1::Lineage& lineage = *manifest.mutable_lineage();
  lineage.set_job_id(task_.job_id());
  lineage.set_attempt(task_.attempt());
  lineage.set_job_kind(JobKind(task_.spec()));
  google::protobuf::TextFormat::PrintToString(task_.spec(), lineage.mutable_spec());
  lineage.clear_inputs();
  for (const v1::ResolvedInput& input : task_.inputs()) {
    v1::LineageInput& entry = *lineage.add_inputs();
    entry.set_field(input.field());
    entry.set_artifact_id(input.artifact_id());
  }
  lineage.set_code_version(task_.code_version());
}

absl::StatusOr<std::string> StoreRunnerContext::PublishOutput(v1::Manifest manifest) {
  if (task_.rank() != 0) return absl::InternalError("PublishOutput was called by a rank other than 0");
  if (!output_id().empty()) return absl::InternalError("PublishOutput was called twice");
  FillLineage(manifest);
  absl::StatusOr<std::string> id = PutManifest(blobs_, std::move(manifest));
  if (!id.ok()) return id;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    output_id_ = *id;
  }
  v1::RunnerEvent event;
  event.mutable_artifact()->set_manifest_id(*id);
  Emit(event);
  return id;
}

absl::StatusOr<std::string> StoreRunnerContext::PublishCheckpoint(v1::Manifest manifest, uint64_t step) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (has_checkpoint_ && step <= checkpoint_step_) {
      return absl::InternalError(
          absl::StrCat("a checkpoint of step ", step, " after the one of step ", checkpoint_step_));
    }
    has_checkpoint_ = true;
    checkpoint_step_ = step;
  }
  FillLineage(manifest);
  v1::RunnerEvent event;
  AddMetrics(manifest, *event.mutable_checkpoint());
  absl::StatusOr<std::string> id = PutManifest(blobs_, std::move(manifest));
  if (!id.ok()) return id;
  event.mutable_checkpoint()->set_manifest_id(*id);
  event.mutable_checkpoint()->set_step(step);
  Emit(event);
  return id;
}

std::string StoreRunnerContext::output_id() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return output_id_;
}

namespace {

void AddBlob(v1::Blob blob, absl::string_view path, v1::Manifest& manifest) {
  v1::ArtifactFile& file = *manifest.add_files();
  file.set_path(std::string(path));
  *file.mutable_blob() = std::move(blob);
}

}  // namespace

absl::Status AddFile(RunnerContext& context, const std::string& local_path, absl::string_view path,
                     v1::Manifest& manifest) {
  absl::StatusOr<v1::Blob> blob = context.blobs().PutFile(local_path);
  if (!blob.ok()) return blob.status();
  AddBlob(*std::move(blob), path, manifest);
  return absl::OkStatus();
}

absl::Status AddBytes(RunnerContext& context, absl::string_view bytes, absl::string_view path,
                      v1::Manifest& manifest) {
  absl::StatusOr<v1::Blob> blob = context.blobs().Put(bytes);
  if (!blob.ok()) return blob.status();
  AddBlob(*std::move(blob), path, manifest);
  return absl::OkStatus();
}

}  // namespace bonsai
