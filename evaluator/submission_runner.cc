#include "evaluator/submission_runner.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "evaluator/model_artifact.h"
#include "evaluator/report_file.h"
#include "evaluator/submission_lineage.h"
#include "evaluator/tracks/row_flags.h"
#include "evaluator/tracks/track_file.h"
#include "evaluator/tracks/track_rules.h"

namespace bonsai {
namespace {

absl::StatusOr<v1::Track> FindTrackFile(RunnerContext& context) {
  const std::string& name = context.task().spec().submission().track();
  const absl::StatusOr<std::vector<v1::Track>> tracks = LoadTracks(context.task().share_dir() + "/tracks");
  if (!tracks.ok()) return tracks.status();
  if (const v1::Track* track = FindTrack(*tracks, name)) return *track;
  const std::string known = absl::StrJoin(
      *tracks, ", ", [](std::string* out, const v1::Track& track) { absl::StrAppend(out, track.name()); });
  return absl::InvalidArgumentError(
      absl::StrCat("submission.track: there is no track \"", name, "\"; there are ", known));
}

// What the reports say beyond the facts that rules look at.
using Comparisons = google::protobuf::RepeatedPtrField<v1::MetricComparison>;

absl::Status AddEvaluations(RunnerContext& context, const InputArtifact& model, SubmissionFacts& facts,
                            Comparisons& comparisons) {
  std::set<std::string> seen;
  for (int i = 0; i < context.task().spec().submission().evaluations_size(); ++i) {
    const std::string field = absl::StrCat("submission.evaluations[", i, "]");
    const absl::StatusOr<InputArtifact> input = context.Input(field);
    if (!input.ok()) return input.status();
    v1::EvaluationReport report;
    if (absl::Status status = ReadReport(context, *input, "report", &report); !status.ok()) return status;
    if (absl::Status status = CheckEvaluationOf(context.blobs(), model, *input, report.model_id());
        !status.ok()) {
      return status;
    }
    for (const v1::SuiteResult& suite : report.suites()) {
      if (!seen.insert(absl::StrCat(suite.suite(), "@", suite.profile())).second) {
        return absl::InvalidArgumentError(absl::StrCat(field, ": an evaluation before it holds ",
                                                       suite.suite(), " too; which one counts?"));
      }
      facts.suites.push_back(suite);
    }
    comparisons.MergeFrom(report.comparisons());
  }
  return absl::OkStatus();
}

absl::Status AddBenchmarks(RunnerContext& context, const InputArtifact& model, SubmissionFacts& facts) {
  for (int i = 0; i < context.task().spec().submission().benchmarks_size(); ++i) {
    const absl::StatusOr<InputArtifact> input = context.Input(absl::StrCat("submission.benchmarks[", i, "]"));
    if (!input.ok()) return input.status();
    v1::BenchmarkReport report;
    if (absl::Status status = ReadReport(context, *input, "report", &report); !status.ok()) return status;
    if (absl::Status status = CheckBenchmarkOf(context.blobs(), model, *input, report.bundle_id());
        !status.ok()) {
      return status;
    }
    facts.benchmarks.push_back(std::move(report));
  }
  return absl::OkStatus();
}

absl::StatusOr<SubmissionFacts> GatherFacts(RunnerContext& context, const InputArtifact& model,
                                            Comparisons& comparisons) {
  SubmissionFacts facts;
  const absl::StatusOr<std::unique_ptr<ModelArtifact>> artifact = ModelArtifact::Open(context, model);
  if (!artifact.ok()) return artifact.status();
  facts.parameters = (*artifact)->parameters();
  facts.dtypes = (*artifact)->dtypes();
  facts.model_bytes = (*artifact)->weights().size();
  absl::StatusOr<std::vector<v1::DatasetSource>> sources = TraceSources(context.blobs(), model);
  if (!sources.ok()) return sources.status();
  facts.sources = *std::move(sources);
  facts.datasets = ListDatasets(facts.sources);
  if (absl::Status status = AddEvaluations(context, model, facts, comparisons); !status.ok()) return status;
  if (absl::Status status = AddBenchmarks(context, model, facts); !status.ok()) return status;
  return facts;
}

// OK, or every rule that failed, with the value and the limit.
absl::Status RequirePassed(const v1::Track& track, const std::vector<v1::RuleResult>& rules) {
  std::vector<std::string> failed;
  for (const v1::RuleResult& rule : rules) {
    if (!rule.passed()) failed.push_back(absl::StrCat(rule.rule(), ": ", rule.why()));
  }
  if (failed.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the track ", track.name(), " (", track.title(),
                   ") does not take this model: ", absl::StrJoin(failed, "; ")));
}

// The pack holds the pipeline of the row's whole lineage, every job with the spec that it ran with.
std::string ReproduceCommand(const std::string& job_id) {
  const std::string folder = job_id.substr(job_id.rfind('/') + 1);
  return absl::StrCat("bonsai submission pack ", job_id, " --out ", folder, " && bonsai submit ", folder,
                      "/pipeline.textproto --watch");
}

v1::LeaderboardRow MakeRow(const v1::Task& task, const v1::Track& track, const InputArtifact& model,
                           const SubmissionFacts& facts) {
  const v1::SubmissionSpec& spec = task.spec().submission();
  v1::LeaderboardRow row;
  row.set_name(spec.name());
  row.set_track(spec.track());
  row.set_model_id(model.id);
  row.set_parameters(facts.parameters);
  row.mutable_suites()->Assign(facts.suites.begin(), facts.suites.end());
  row.mutable_benchmarks()->Assign(facts.benchmarks.begin(), facts.benchmarks.end());
  row.mutable_datasets()->Assign(facts.datasets.begin(), facts.datasets.end());
  row.set_reproduce(ReproduceCommand(task.job_id()));
  const std::vector<std::string> flags = FindFlags(track, row);
  row.mutable_flags()->Assign(flags.begin(), flags.end());
  return row;
}

absl::Status Publish(RunnerContext& context, const v1::LeaderboardRow& row) {
  v1::Manifest manifest;
  manifest.set_kind("submission");
  if (absl::Status status = AddReport(context, row, "row", manifest); !status.ok()) return status;
  for (const auto& [name, value] : {std::pair{"name", row.name()}, std::pair{"track", row.track()}}) {
    v1::Property* property = manifest.add_properties();
    property->set_name(name);
    property->set_value(value);
  }
  return context.PublishOutput(std::move(manifest)).status();
}

}  // namespace

absl::Status RunSubmission(RunnerContext& context) {
  const v1::SubmissionSpec& spec = context.task().spec().submission();
  if (spec.name().empty())
    return absl::InvalidArgumentError("submission.name is empty; say how the row is called");
  const absl::StatusOr<v1::Track> track = FindTrackFile(context);
  if (!track.ok()) return track.status();
  const absl::StatusOr<InputArtifact> model = context.Input("submission.model");
  if (!model.ok()) return model.status();
  Comparisons comparisons;
  const absl::StatusOr<SubmissionFacts> facts = GatherFacts(context, *model, comparisons);
  if (!facts.ok()) return facts.status();
  const std::vector<v1::RuleResult> rules = CheckTrack(*track, *facts);
  if (absl::Status status = RequirePassed(*track, rules); !status.ok()) return status;
  v1::LeaderboardRow row = MakeRow(context.task(), *track, *model, *facts);
  row.mutable_rules()->Assign(rules.begin(), rules.end());
  *row.mutable_comparisons() = std::move(comparisons);
  return Publish(context, row);
}

}  // namespace bonsai
