#include "evaluator/submission/submission_folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "storage/digest.h"
#include "storage/manifest.h"
#include "storage/memory_blob_store.h"

namespace bonsai {
namespace {

namespace fs = std::filesystem;

constexpr size_t kManifestsMax = 10000;
constexpr size_t kReportBytesMax = 64 << 20;
constexpr char kLineage[] = "lineage";

// "submission.evaluations[2]" -> "2"; empty where the field is another one.
std::string IndexIn(absl::string_view field, absl::string_view list) {
  if (!absl::ConsumePrefix(&field, list) || !absl::ConsumePrefix(&field, "[") ||
      !absl::ConsumeSuffix(&field, "]")) {
    return "";
  }
  return std::string(field);
}

}  // namespace

std::string SubmissionFolder::PathOf(absl::string_view file) const { return absl::StrCat(path_, "/", file); }

bool SubmissionFolder::Has(absl::string_view file) const {
  std::error_code error;
  return fs::is_regular_file(PathOf(file), error);
}

absl::StatusOr<std::string> SubmissionFolder::Read(absl::string_view file, size_t bytes_max) const {
  std::error_code error;
  const uintmax_t size = fs::file_size(PathOf(file), error);
  std::ifstream stream(PathOf(file), std::ios::binary);
  if (error || !stream) return absl::NotFoundError(absl::StrCat("cannot read ", PathOf(file)));
  if (size > bytes_max) {
    return absl::ResourceExhaustedError(
        absl::StrCat(PathOf(file), " has ", size, " bytes; at most ", bytes_max));
  }
  return std::string((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
}

absl::Status SubmissionFolder::ReadReport(const PackedArtifact& part,
                                          google::protobuf::Message* report) const {
  const std::string file = absl::StrCat(part.folder, "/report.binpb");
  const v1::ArtifactFile* named = FindFile(part.artifact.manifest, "report.binpb");
  const absl::StatusOr<std::string> bytes = Read(file, kReportBytesMax);
  if (!bytes.ok()) return bytes.status();
  if (named == nullptr || Sha256Hex(*bytes) != named->blob().sha256())
    return absl::DataLossError(
        absl::StrCat(file, ": not the bytes that artifact ", part.artifact.id, " names"));
  if (!report->ParseFromString(*bytes))
    return absl::DataLossError(absl::StrCat(file, ": not a ", report->GetTypeName()));
  return absl::OkStatus();
}

absl::Status SubmissionFolder::LoadManifests() {
  std::error_code error;
  for (fs::directory_iterator entry(PathOf(kLineage), error), end; !error && entry != end;
       entry.increment(error)) {
    std::string id = entry->path().filename().string();
    if (!absl::EndsWith(id, ".binpb")) continue;
    id.resize(id.size() - 6);
    if (ids_.size() >= kManifestsMax)
      return absl::ResourceExhaustedError(absl::StrCat(PathOf(kLineage), ": more than ", kManifestsMax));
    const std::string file = absl::StrCat(kLineage, "/", id, ".binpb");
    const absl::StatusOr<std::string> bytes = Read(file, kManifestBytesMax);
    if (!bytes.ok()) return bytes.status();
    if (Sha256Hex(*bytes) != id)
      return absl::DataLossError(absl::StrCat(file, ": its bytes have the SHA-256 ", Sha256Hex(*bytes)));
    if (const absl::StatusOr<v1::Blob> put = manifests_->Put(*bytes); !put.ok()) return put.status();
    ids_.push_back(id);
  }
  if (error) {
    return absl::NotFoundError(absl::StrCat(PathOf(kLineage), ": ", error.message(),
                                            "; is this a folder that `bonsai submission pack` wrote?"));
  }
  return absl::OkStatus();
}

absl::Status SubmissionFolder::FindSubmission() {
  for (const std::string& id : ids_) {
    absl::StatusOr<v1::Manifest> manifest = GetManifest(*manifests_, id);
    if (!manifest.ok()) return manifest.status();
    if (manifest->kind() != "submission") continue;
    if (!id_.empty()) {
      return absl::DataLossError(absl::StrCat(PathOf(kLineage), " holds two submissions: ", id_, ", ", id));
    }
    id_ = id;
    manifest_ = *std::move(manifest);
  }
  if (id_.empty()) return absl::NotFoundError(absl::StrCat(PathOf(kLineage), " holds no submission"));
  const v1::ArtifactFile* named = FindFile(manifest_, "row.binpb");
  const absl::StatusOr<std::string> bytes = Read("row.binpb", kReportBytesMax);
  if (!bytes.ok()) return bytes.status();
  if (named == nullptr || Sha256Hex(*bytes) != named->blob().sha256())
    return absl::DataLossError(absl::StrCat("row.binpb: not the bytes that submission ", id_, " names"));
  if (!row_.ParseFromString(*bytes)) return absl::DataLossError("row.binpb: not a LeaderboardRow");
  return absl::OkStatus();
}

absl::Status SubmissionFolder::TraceParts() {
  std::set<std::string> seen;
  std::vector<v1::Manifest> todo = {manifest_};
  for (size_t i = 0; i < todo.size(); ++i) {
    const v1::Lineage lineage = todo[i].lineage();
    for (const v1::LineageInput& input : lineage.inputs()) {
      if (input.field() == "evaluate.compare_with" || !seen.insert(input.artifact_id()).second) continue;
      absl::StatusOr<v1::Manifest> manifest = GetManifest(*manifests_, input.artifact_id());
      if (!manifest.ok()) {
        return absl::Status(manifest.status().code(),
                            absl::StrCat(kLineage, "/", input.artifact_id(), ".binpb, the ", input.field(),
                                         " of job ", lineage.job_id(), ": not there"));
      }
      lineage_.push_back({input.artifact_id(), *manifest});
      todo.push_back(*std::move(manifest));
    }
  }
  for (const v1::LineageInput& input : manifest_.lineage().inputs()) {
    const InputArtifact artifact = {input.artifact_id(), *GetManifest(*manifests_, input.artifact_id())};
    const std::string evaluation = IndexIn(input.field(), "submission.evaluations");
    const std::string benchmark = IndexIn(input.field(), "submission.benchmarks");
    if (input.field() == "submission.model") parts_.push_back({"model", artifact});
    if (!evaluation.empty()) parts_.push_back({absl::StrCat("reports/evaluation-", evaluation), artifact});
    if (benchmark.empty()) continue;
    parts_.push_back({absl::StrCat("reports/benchmark-", benchmark), artifact});
    for (const v1::LineageInput& bundle : artifact.manifest.lineage().inputs()) {
      if (bundle.field() != "benchmark.bundle") continue;
      parts_.push_back({absl::StrCat("bundles/benchmark-", benchmark),
                        {bundle.artifact_id(), *GetManifest(*manifests_, bundle.artifact_id())}});
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<SubmissionFolder> SubmissionFolder::Open(const std::string& path) {
  SubmissionFolder folder;
  folder.path_ = path;
  folder.manifests_ = std::make_shared<MemoryBlobStore>();
  if (absl::Status loaded = folder.LoadManifests(); !loaded.ok()) return loaded;
  if (absl::Status found = folder.FindSubmission(); !found.ok()) return found;
  if (absl::Status traced = folder.TraceParts(); !traced.ok()) return traced;
  if (folder.Has("jobs.binpb")) {
    const absl::StatusOr<std::string> jobs = folder.Read("jobs.binpb", kReportBytesMax);
    if (!jobs.ok()) return jobs.status();
    if (!folder.jobs_.ParseFromString(*jobs))
      return absl::DataLossError("jobs.binpb: not a bonsai.v1.ListJobsResponse");
  }
  return folder;
}

}  // namespace bonsai
