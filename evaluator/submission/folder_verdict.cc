#include "evaluator/submission/folder_verdict.h"

#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "edge_runtime/model/checked_model.h"
#include "edge_runtime/model/mapped_file.h"
#include "evaluator/submission/check_sums.h"
#include "evaluator/submission/results_table.h"
#include "evaluator/submission_lineage.h"
#include "evaluator/tracks/row_flags.h"
#include "evaluator/tracks/track_rules.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "storage/digest.h"
#include "storage/manifest.h"
#include "storage/tokenizer_file.h"

namespace bonsai {
namespace {

using google::protobuf::util::MessageDifferencer;

constexpr size_t kTableBytesMax = 1 << 20;

void Add(v1::SubmissionVerdict& verdict, const std::string& rule, const absl::Status& status,
         const std::string& otherwise) {
  v1::RuleResult& result = *verdict.add_rules();
  result.set_rule(rule);
  result.set_passed(status.ok());
  result.set_why(status.ok() ? otherwise : std::string(status.message()));
}

absl::Status Broken(const std::vector<std::string>& problems) {
  if (problems.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrJoin(problems, "; "));
}

absl::Status CheckFiles(const SubmissionFolder& folder) {
  std::vector<std::string> problems;
  std::vector<PackedArtifact> parts = folder.parts();
  parts.push_back({"", {folder.id(), folder.manifest()}});
  for (const PackedArtifact& part : parts) {
    for (const v1::ArtifactFile& file : part.artifact.manifest.files()) {
      const std::string name = absl::StrCat(part.folder, part.folder.empty() ? "" : "/", file.path());
      if (!folder.Has(name)) {
        if (folder.Has(kCheckSumsFile)) problems.push_back(absl::StrCat(name, " is missing"));
        continue;
      }
      const absl::StatusOr<v1::Blob> blob = DigestFile(folder.PathOf(name));
      if (!blob.ok() || blob->sha256() != file.blob().sha256())
        problems.push_back(absl::StrCat(name, " is not what artifact ", part.artifact.id, " names"));
    }
  }
  return Broken(problems);
}

// What the reports say, in the row's order; a report that cannot be read is a problem.
struct Reports {
  std::vector<v1::SuiteResult> suites;
  std::vector<v1::BenchmarkReport> benchmarks;
  std::vector<std::string> problems;  // with who they are about
};

Reports ReadReports(const SubmissionFolder& folder, const InputArtifact& model) {
  Reports reports;
  const auto note = [&](const PackedArtifact& part, const absl::Status& status) {
    if (!status.ok()) reports.problems.push_back(absl::StrCat(part.folder, ": ", status.message()));
    return status.ok();
  };
  for (const PackedArtifact& part : folder.parts()) {
    if (part.artifact.manifest.kind() == "evaluation") {
      v1::EvaluationReport report;
      if (!note(part, folder.ReadReport(part, &report))) continue;
      note(part, CheckEvaluationOf(folder.manifests(), model, part.artifact, report.model_id()));
      reports.suites.insert(reports.suites.end(), report.suites().begin(), report.suites().end());
    } else if (part.artifact.manifest.kind() == "benchmark") {
      v1::BenchmarkReport report;
      if (!note(part, folder.ReadReport(part, &report))) continue;
      note(part, CheckBenchmarkOf(folder.manifests(), model, part.artifact, report.bundle_id()));
      reports.benchmarks.push_back(std::move(report));
    }
  }
  return reports;
}

absl::Status CheckRow(const SubmissionFolder& folder, const InputArtifact& model, const Reports& reports) {
  const v1::LeaderboardRow& row = folder.row();
  v1::JobSpec spec;
  std::vector<std::string> problems;
  if (!google::protobuf::TextFormat::ParseFromString(folder.manifest().lineage().spec(), &spec) ||
      !spec.has_submission()) {
    problems.push_back("its lineage's spec is not that of a submission job");
  } else if (spec.submission().track() != row.track() || spec.submission().name() != row.name()) {
    problems.push_back(absl::StrCat("it is \"", row.name(), "\" in track ", row.track(), ", its job's is \"",
                                    spec.submission().name(), "\" in ", spec.submission().track()));
  }
  if (row.model_id() != model.id) problems.push_back("it is of another model than its job's");
  v1::LeaderboardRow expected;
  expected.mutable_suites()->Assign(reports.suites.begin(), reports.suites.end());
  expected.mutable_benchmarks()->Assign(reports.benchmarks.begin(), reports.benchmarks.end());
  v1::LeaderboardRow told;
  *told.mutable_suites() = row.suites();
  *told.mutable_benchmarks() = row.benchmarks();
  if (!MessageDifferencer::Equals(expected, told))
    problems.push_back("its figures are not those of its reports");
  return Broken(problems);
}

absl::Status CheckResults(const SubmissionFolder& folder, const v1::Track& track) {
  if (!folder.Has("Results.csv") || folder.row().track() != track.name()) return absl::OkStatus();
  const absl::StatusOr<std::string> text = folder.Read("Results.csv", kTableBytesMax);
  if (!text.ok()) return text.status();
  if (*text == MakeResultsTable(track, folder.row()).csv) return absl::OkStatus();
  return absl::FailedPreconditionError("Results.csv is not what the row gives");
}

// From the files, where they are all there; else as the coordinator does, from what the manifests say.
absl::Status ReadModelFacts(const SubmissionFolder& folder, const InputArtifact& model,
                            SubmissionFacts& facts) {
  if (const v1::ArtifactFile* weights = FindFile(model.manifest, "model.safetensors"))
    facts.model_bytes = weights->blob().size_bytes();
  if (!folder.Has("model/model.safetensors")) {
    std::vector<v1::Manifest> all = {model.manifest};
    for (const InputArtifact& one : folder.lineage()) {
      if (IsSameModel(one.manifest, model.manifest)) all.push_back(one.manifest);
    }
    for (const v1::Manifest& manifest : all) {
      if (facts.parameters == 0 && !absl::SimpleAtoi(FindProperty(manifest, "parameters"), &facts.parameters))
        facts.parameters = 0;
      const std::string dtype = FindProperty(manifest, "dtype");
      if (facts.dtypes.empty() && !dtype.empty()) facts.dtypes = absl::StrSplit(dtype, ',');
    }
    if (facts.parameters == 0) facts.parameters = folder.row().parameters();
    return absl::OkStatus();
  }
  std::string error;
  std::vector<std::unique_ptr<edge::MappedFile>> files;
  for (const std::string& name :
       {std::string("config.json"), std::string("model.safetensors"), TokenizerFileName(model.manifest)}) {
    files.push_back(edge::MappedFile::Open(folder.PathOf(absl::StrCat("model/", name)), &error));
    if (files.back() == nullptr)
      return absl::DataLossError(absl::StrCat("cannot read model/", name, ": ", error));
  }
  edge::CheckedModel checked;
  const edge::ModelBytes bytes = {files[0]->text(), files[1]->bytes(), files[2]->bytes()};
  if (!edge::ReadCheckedModel(bytes, &checked, &error))
    return absl::DataLossError(absl::StrCat("model/", error));
  facts.parameters = edge::CountElements(checked.tensors);
  facts.dtypes = edge::ListDTypes(checked.tensors);
  return absl::OkStatus();
}

void AddJobTimes(const SubmissionFolder& folder, const v1::Track& track, SubmissionFacts& facts) {
  if (track.budget_seconds() == 0) return;
  facts.job_times.emplace();
  const std::set<std::string> kinds(track.budget_kinds().begin(), track.budget_kinds().end());
  for (const InputArtifact& one : folder.lineage()) {
    const v1::Lineage& lineage = one.manifest.lineage();
    if (!kinds.empty() && kinds.count(lineage.job_kind()) == 0) continue;
    bool known = false;
    for (const v1::JobStatus& status : folder.jobs().jobs()) {
      if (known || status.job().output_id() != one.id) continue;
      known = true;
      double seconds = 0;
      for (const v1::AttemptRecord& attempt : status.job().attempts()) {
        if (attempt.ended_unix_ms() > 0)
          seconds += 1e-3 * static_cast<double>(attempt.ended_unix_ms() - attempt.started_unix_ms());
      }
      facts.job_times->push_back({status.job().id(), lineage.job_kind(), seconds});
    }
    if (!known) {
      facts.job_times_unknown =
          absl::StrCat("how long job ", lineage.job_id(), " took is not known (jobs.binpb)");
    }
  }
}

// A text of a stranger's, on a terminal.
std::string Printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

}  // namespace

v1::SubmissionVerdict JudgeFolder(const SubmissionFolder& folder, const v1::Track& track) {
  v1::SubmissionVerdict verdict;
  verdict.set_submission_id(folder.id());
  verdict.set_name(folder.row().name());
  verdict.set_track(track.name());
  InputArtifact model;
  for (const PackedArtifact& part : folder.parts()) {
    if (part.folder == "model") model = part.artifact;
  }
  const Reports reports = ReadReports(folder, model);
  Add(verdict, "files", CheckFiles(folder), "each has the bytes that its manifest names");
  Add(verdict, "checksums", VerifyCheckSums(folder),
      folder.Has(kCheckSumsFile) ? "as SHA256SUMS says" : "fetched, not packed: there is no SHA256SUMS");
  Add(verdict, "row", CheckRow(folder, model, reports), "of this model and track, with its reports' figures");
  Add(verdict, "reports", Broken(reports.problems),
      absl::StrCat(reports.suites.size(), " suites and ", reports.benchmarks.size(),
                   " benchmarks, all of this model"));
  Add(verdict, "results", CheckResults(folder, track),
      folder.Has("Results.csv") ? "Results.csv is what the row gives" : "there is no Results.csv");

  SubmissionFacts facts;
  Add(verdict, "model", ReadModelFacts(folder, model, facts),
      folder.Has("model/model.safetensors") ? "its files fit each other" : "by what its manifest says");
  const absl::StatusOr<std::vector<v1::DatasetSource>> sources = TraceSources(folder.manifests(), model);
  if (sources.ok()) facts.sources = *sources;
  facts.datasets = ListDatasets(facts.sources);
  facts.suites = reports.suites;
  facts.benchmarks = reports.benchmarks;
  AddJobTimes(folder, track, facts);
  for (v1::RuleResult& rule : CheckTrack(track, facts)) *verdict.add_rules() = std::move(rule);
  for (std::string& flag : FindFlags(track, folder.row())) verdict.add_flags(std::move(flag));
  verdict.set_passed(true);
  for (const v1::RuleResult& rule : verdict.rules()) verdict.set_passed(verdict.passed() && rule.passed());
  return verdict;
}

std::string VerdictText(const v1::SubmissionVerdict& verdict) {
  std::string text = absl::StrCat("submission ", verdict.submission_id().substr(0, 12), " \"",
                                  Printable(verdict.name()), "\" in track ", verdict.track(), "\n");
  size_t failed = 0;
  for (const v1::RuleResult& rule : verdict.rules()) {
    failed += !rule.passed();
    const size_t pad = rule.rule().size() < 18 ? 18 - rule.rule().size() : 1;
    absl::StrAppend(&text, rule.passed() ? "  pass  " : "  FAIL  ", rule.rule(), std::string(pad, ' '),
                    Printable(rule.why()), "\n");
  }
  for (const std::string& flag : verdict.flags()) absl::StrAppend(&text, "  flag  ", Printable(flag), "\n");
  return absl::StrCat(text, verdict.passed()
                                ? "all rules pass\n"
                                : absl::StrCat(failed, failed == 1 ? " rule fails\n" : " rules fail\n"));
}

}  // namespace bonsai
