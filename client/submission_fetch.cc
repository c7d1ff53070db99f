#include "client/submission_fetch.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/artifact_pull.h"
#include "client/verified_read.h"

namespace bonsai {
namespace {

namespace fs = std::filesystem;

constexpr size_t kManifestsMax = 10000;
constexpr uint64_t kManifestBytesMax = 16 << 20;

class Fetch {
 public:
  Fetch(const SubmissionFetch& what, CoordinatorClient& client, const Session& session)
      : what_(what), client_(client), session_(session) {}

  absl::Status Run() {
    const auto artifact = client_.GetArtifact(what_.id, false);
    if (!artifact.ok()) return artifact.status();
    if (artifact->record().kind() != "submission") {
      return absl::FailedPreconditionError(
          absl::StrCat(what_.id, " is of kind ", artifact->record().kind(), ", and no submission"));
    }
    const std::string& id = artifact->record().id();
    if (absl::Status fetched = FetchManifests(id); !fetched.ok()) return fetched;
    if (absl::Status fetched = FetchFiles("", id); !fetched.ok()) return fetched;
    for (const v1::LineageInput& input : manifests_[id].lineage().inputs()) {
      if (absl::Status fetched = FetchPart(input); !fetched.ok()) return fetched;
    }
    return FetchJobs();
  }

 private:
  absl::Status Store(const v1::Blob& blob, const std::string& name) {
    const fs::path path = fs::path(what_.folder) / name;
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    absl::Status status =
        ReadVerified(blob.sha256(), blob.size_bytes(), client_, session_, [&](absl::string_view bytes) {
          file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
          return absl::OkStatus();
        });
    file.close();
    if (status.ok() && (error || !file))
      status = absl::ResourceExhaustedError(absl::StrCat("cannot write ", path.string()));
    if (!status.ok()) return absl::Status(status.code(), absl::StrCat(name, ": ", status.message()));
    return status;
  }

  // Of the artifact and of all it came from, but for what its evaluations were compared with.
  absl::Status FetchManifests(const std::string& root) {
    std::vector<std::string> todo = {root};
    while (!todo.empty()) {
      const std::string id = std::move(todo.back());
      todo.pop_back();
      if (manifests_.count(id) > 0) continue;
      if (manifests_.size() >= kManifestsMax) {
        return absl::ResourceExhaustedError(
            absl::StrCat("it was made from more than ", kManifestsMax, " artifacts"));
      }
      const std::string name = absl::StrCat("lineage/", id, ".binpb");
      v1::Blob blob;
      blob.set_sha256(id);
      blob.set_size_bytes(kManifestBytesMax);
      if (absl::Status stored = Store(blob, name); !stored.ok()) return stored;
      std::ifstream file(fs::path(what_.folder) / name, std::ios::binary);
      if (!manifests_[id].ParseFromIstream(&file))
        return absl::DataLossError(absl::StrCat("artifact ", id, " is not a manifest"));
      for (const v1::LineageInput& input : manifests_[id].lineage().inputs()) {
        if (input.field() != "evaluate.compare_with") todo.push_back(input.artifact_id());
      }
    }
    return absl::OkStatus();
  }

  absl::Status FetchFiles(const std::string& folder, const std::string& id) {
    const v1::Manifest& manifest = manifests_[id];
    for (const v1::ArtifactFile& file : manifest.files()) {
      if (!IsSafePath(file.path()))
        return absl::InvalidArgumentError(absl::StrCat("artifact ", id, " has a file with an unsafe path"));
      const bool needed = manifest.kind() == "submission" || file.path() == "report.binpb";
      if (!what_.whole && !needed) continue;
      const std::string name = folder.empty() ? file.path() : absl::StrCat(folder, "/", file.path());
      if (absl::Status stored = Store(file.blob(), name); !stored.ok()) return stored;
      // A bundle is a program.
      std::error_code ignored;
      if (manifest.kind() == "bundle")
        fs::permissions(fs::path(what_.folder) / name, fs::perms(0755), ignored);
    }
    return absl::OkStatus();
  }

  // An input of the submission: its model, an evaluation, or a benchmark and its bundle.
  absl::Status FetchPart(const v1::LineageInput& input) {
    const std::string& id = input.artifact_id();
    if (input.field() == "submission.model") return FetchFiles("model", id);
    absl::string_view field = input.field();
    const bool evaluation = absl::ConsumePrefix(&field, "submission.evaluations[");
    if (!evaluation && !absl::ConsumePrefix(&field, "submission.benchmarks[")) return absl::OkStatus();
    uint64_t index = 0;
    if (!absl::ConsumeSuffix(&field, "]") || !absl::SimpleAtoi(field, &index))
      return absl::DataLossError(absl::StrCat("the submission has an input ", input.field()));
    if (evaluation) return FetchFiles(absl::StrCat("reports/evaluation-", index), id);
    for (const v1::LineageInput& bundle : manifests_[id].lineage().inputs()) {
      if (bundle.field() != "benchmark.bundle") continue;
      const absl::Status fetched =
          FetchFiles(absl::StrCat("bundles/benchmark-", index), bundle.artifact_id());
      if (!fetched.ok()) return fetched;
    }
    return FetchFiles(absl::StrCat("reports/benchmark-", index), id);
  }

  // When each job's attempts began and ended; jobs that another coordinator ran are left out.
  absl::Status FetchJobs() {
    v1::ListJobsResponse jobs;
    std::set<std::string> seen;
    for (const auto& [id, manifest] : manifests_) {
      const std::string& job_id = manifest.lineage().job_id();
      if (job_id.empty() || !seen.insert(job_id).second) continue;
      const absl::StatusOr<v1::JobStatus> status = client_.GetJob(job_id);
      if (absl::IsNotFound(status.status())) continue;
      if (!status.ok()) return status.status();
      v1::JobRecord& job = *jobs.add_jobs()->mutable_job();
      job.set_id(status->job().id());
      job.set_output_id(status->job().output_id());
      for (const v1::AttemptRecord& attempt : status->job().attempts()) {
        v1::AttemptRecord& times = *job.add_attempts();
        times.set_number(attempt.number());
        times.set_started_unix_ms(attempt.started_unix_ms());
        times.set_ended_unix_ms(attempt.ended_unix_ms());
        times.set_outcome(attempt.outcome());
      }
    }
    const fs::path path = fs::path(what_.folder) / "jobs.binpb";
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << jobs.SerializeAsString() << std::flush;
    if (!file) return absl::ResourceExhaustedError(absl::StrCat("cannot write ", path.string()));
    return absl::OkStatus();
  }

  const SubmissionFetch& what_;
  CoordinatorClient& client_;
  const Session& session_;
  std::map<std::string, v1::Manifest> manifests_;
};

}  // namespace

absl::Status FetchSubmission(const SubmissionFetch& fetch, CoordinatorClient& client,
                             const Session& session) {
  return Fetch(fetch, client, session).Run();
}

}  // namespace bonsai
