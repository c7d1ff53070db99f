#include "coordinator/rpc/submission_check.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "evaluator/tracks/track_rules.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

constexpr size_t kRowBytesMax = 4 << 20;
constexpr size_t kArtifactsMax = 10000;

// What the manifests of the model and of all it came from say; of a property that several have, the nearest
// counts.
struct ModelFacts {
  std::set<std::string> datasets;
  std::vector<v1::DatasetSource> sources;
  std::string parameters;
  std::string dtype;
  uint64_t bytes = 0;  // of the model's own weights
};

void TakeFacts(const v1::Manifest& manifest, ModelFacts& facts) {
  for (const v1::DatasetSource& source : manifest.lineage().sources()) {
    facts.datasets.insert(source.dataset());
    facts.sources.push_back(source);
  }
  if (facts.parameters.empty()) facts.parameters = FindProperty(manifest, "parameters");
  if (facts.dtype.empty()) facts.dtype = FindProperty(manifest, "dtype");
}

absl::StatusOr<ModelFacts> ReadModelFacts(BlobStore& blobs, const std::string& model_id) {
  absl::StatusOr<v1::Manifest> model = GetManifest(blobs, model_id);
  if (!model.ok()) return model.status();
  absl::StatusOr<std::vector<LineageEntry>> lineage = TraceLineage(blobs, model_id);
  if (!lineage.ok()) return lineage.status();
  ModelFacts facts;
  TakeFacts(*model, facts);
  if (const v1::ArtifactFile* weights = FindFile(*model, "model.safetensors"))
    facts.bytes = weights->blob().size_bytes();
  for (const LineageEntry& entry : *lineage) TakeFacts(entry.manifest, facts);
  return facts;
}

absl::Status CheckRowAgreesWithJob(const v1::JobRecord& job, const v1::LeaderboardRow& row) {
  const v1::SubmissionSpec& spec = job.spec().submission();
  if (row.track() != spec.track()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the row is for track \"", row.track(), "\", the job for \"", spec.track(), "\""));
  }
  for (const v1::ResolvedInput& input : job.inputs()) {
    if (input.field() == "submission.model" && input.artifact_id() != row.model_id()) {
      return absl::FailedPreconditionError(
          absl::StrCat("the row is of model ", row.model_id(), ", the job's model is ", input.artifact_id()));
    }
  }
  return absl::OkStatus();
}

double AttemptSeconds(const v1::JobRecord& job) {
  double seconds = 0;
  for (const v1::AttemptRecord& attempt : job.attempts()) {
    if (attempt.ended_unix_ms() == 0) continue;
    seconds += 1e-3 * static_cast<double>(attempt.ended_unix_ms() - attempt.started_unix_ms());
  }
  return seconds;
}

// Of every job whose output the submission was made from, if its kind counts.
absl::Status AddJobTimes(BlobStore& blobs, const v1::Track& track, const FindJobRecord& find_job,
                         const v1::Manifest& submission, SubmissionFacts& facts) {
  if (track.budget_seconds() == 0) return absl::OkStatus();
  facts.job_times.emplace();
  const auto counts = [&track](const std::string& kind) {
    return track.budget_kinds().empty() || std::find(track.budget_kinds().begin(), track.budget_kinds().end(),
                                                     kind) != track.budget_kinds().end();
  };
  std::set<std::string> seen;
  const auto add = [&](const std::string& id, const v1::Manifest& manifest) {
    const v1::Lineage& lineage = manifest.lineage();
    if (!counts(lineage.job_kind())) return;
    const std::optional<v1::JobRecord> job = find_job ? find_job(lineage.job_id()) : std::nullopt;
    if (job.has_value() && job->output_id() == id) {
      facts.job_times->push_back({job->id(), lineage.job_kind(), AttemptSeconds(*job)});
    } else if (facts.job_times_unknown.empty()) {
      facts.job_times_unknown = absl::StrCat(lineage.job_kind(), " job \"", lineage.job_id(), "\" made ", id,
                                             " elsewhere, and how long it took is not known here");
    }
  };
  std::vector<v1::Manifest> todo = {submission};
  while (!todo.empty()) {
    const v1::Manifest made = std::move(todo.back());
    todo.pop_back();
    for (const v1::LineageInput& input : made.lineage().inputs()) {
      // An evaluation of another night had no part in this one.
      if (input.field() == "evaluate.compare_with" || !seen.insert(input.artifact_id()).second) continue;
      if (seen.size() > kArtifactsMax) return absl::ResourceExhaustedError("its lineage is too long");
      absl::StatusOr<v1::Manifest> manifest = GetManifest(blobs, input.artifact_id());
      if (!manifest.ok()) return manifest.status();
      add(input.artifact_id(), *manifest);
      todo.push_back(*std::move(manifest));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::LeaderboardRow> ReadLeaderboardRow(BlobStore& blobs, const v1::Manifest& manifest) {
  const v1::ArtifactFile* file = FindFile(manifest, "row.binpb");
  if (file == nullptr) return absl::DataLossError("the submission has no file row.binpb");
  absl::StatusOr<std::string> bytes = blobs.Get(file->blob().sha256(), kRowBytesMax);
  if (!bytes.ok()) return bytes.status();
  v1::LeaderboardRow row;
  if (!row.ParseFromString(*bytes)) return absl::DataLossError("row.binpb is not a LeaderboardRow");
  return row;
}

absl::Status CheckSubmission(BlobStore& blobs, const std::vector<v1::Track>& tracks,
                             const FindJobRecord& find_job, const v1::JobRecord& job,
                             const v1::Manifest& manifest) {
  absl::StatusOr<v1::LeaderboardRow> row = ReadLeaderboardRow(blobs, manifest);
  if (!row.ok()) return row.status();
  if (absl::Status agrees = CheckRowAgreesWithJob(job, *row); !agrees.ok()) return agrees;
  const v1::Track* track = FindTrack(tracks, row->track());
  if (track == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("there is no track \"", row->track(), "\""));
  }
  absl::StatusOr<ModelFacts> model = ReadModelFacts(blobs, row->model_id());
  if (!model.ok()) return model.status();
  SubmissionFacts facts;
  facts.datasets.assign(model->datasets.begin(), model->datasets.end());
  if (!absl::SimpleAtoi(model->parameters, &facts.parameters)) facts.parameters = row->parameters();
  if (!model->dtype.empty()) facts.dtypes = absl::StrSplit(model->dtype, ',');
  facts.model_bytes = model->bytes;
  facts.sources = std::move(model->sources);
  if (absl::Status times = AddJobTimes(blobs, *track, find_job, manifest, facts); !times.ok()) return times;
  facts.suites.assign(row->suites().begin(), row->suites().end());
  facts.benchmarks.assign(row->benchmarks().begin(), row->benchmarks().end());
  std::vector<std::string> broken;
  for (const v1::RuleResult& rule : CheckTrack(*track, facts)) {
    if (!rule.passed()) broken.push_back(absl::StrCat(rule.rule(), ": ", rule.why()));
  }
  if (broken.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("track \"", track->name(), "\" does not admit the model: ", absl::StrJoin(broken, "; ")));
}

}  // namespace bonsai
