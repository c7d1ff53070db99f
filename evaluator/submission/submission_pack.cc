#include "evaluator/submission/submission_pack.h"

#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "evaluator/submission/check_sums.h"
#include "evaluator/submission/folder_verdict.h"
#include "evaluator/submission/rebuilt_pipeline.h"
#include "evaluator/submission/results_table.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"

namespace bonsai {
namespace {

constexpr size_t kItemsBytesMax = 1 << 30;

absl::Status Write(const SubmissionFolder& folder, const std::string& name, const std::string& text) {
  const std::filesystem::path path = folder.PathOf(name);
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text << std::flush;
  if (error || !file) return absl::InternalError(absl::StrCat("cannot write ", path.string()));
  return absl::OkStatus();
}

absl::Status WriteResults(const SubmissionFolder& folder, const v1::Track& track,
                          std::vector<std::string>& said) {
  if (track.results_columns().empty()) {
    said.push_back(absl::StrCat("no Results.csv: the track ", track.name(), " names no columns"));
    return absl::OkStatus();
  }
  const ResultsTable table = MakeResultsTable(track, folder.row());
  said.push_back(table.not_measured.empty() ? "Results.csv: every column was measured"
                                            : absl::StrCat("Results.csv: not measured, and empty: ",
                                                           absl::StrJoin(table.not_measured, ", ")));
  return Write(folder, "Results.csv", table.csv);
}

absl::Status WritePredictions(const SubmissionFolder& folder, std::vector<std::string>& said) {
  size_t tables = 0;
  for (const PackedArtifact& part : folder.parts()) {
    if (part.artifact.manifest.kind() != "evaluation") continue;
    for (const v1::ArtifactFile& file : part.artifact.manifest.files()) {
      if (!absl::StartsWith(file.path(), "items/") || !absl::EndsWith(file.path(), ".binpb")) continue;
      const std::string suite = file.path().substr(6, file.path().size() - 12);
      const std::string items = absl::StrCat(part.folder, "/", file.path());
      const absl::StatusOr<std::string> bytes = folder.Read(items, kItemsBytesMax);
      if (!bytes.ok()) return bytes.status();
      const absl::StatusOr<std::string> table = MakePredictionsTable(*bytes);
      if (!table.ok()) return absl::DataLossError(absl::StrCat(items, ": ", table.status().message()));
      const std::string evaluation = part.folder.substr(part.folder.rfind('/') + 1);
      const absl::Status wrote =
          Write(folder, absl::StrCat("predictions/", evaluation, "/", suite, ".csv"), *table);
      if (!wrote.ok()) return wrote;
      ++tables;
    }
  }
  said.push_back(tables == 0 ? "no predictions: the evaluations hold no items"
                             : absl::StrCat("predictions/: ", tables, tables == 1 ? " suite" : " suites"));
  return absl::OkStatus();
}

absl::Status WritePipeline(const SubmissionFolder& folder, std::vector<std::string>& said) {
  const absl::StatusOr<v1::Pipeline> pipeline = RebuildPipeline(folder);
  if (!pipeline.ok()) {
    said.push_back(absl::StrCat("no pipeline.textproto: ", pipeline.status().message()));
    return absl::OkStatus();
  }
  std::string text;
  google::protobuf::TextFormat::PrintToString(*pipeline, &text);
  said.push_back(absl::StrCat("pipeline.textproto: ", pipeline->jobs_size(), " jobs make it again"));
  const std::string heading = absl::StrCat("# Makes the submission ", folder.id(),
                                           " again: the jobs of its whole lineage, as they ran.\n",
                                           "# Paths of data are those of the machine where it ran.\n");
  if (absl::Status wrote = Write(folder, "pipeline.textproto", heading + text); !wrote.ok()) return wrote;
  return Write(folder, "reproduce.txt",
               absl::StrCat("bonsai submit pipeline.textproto --watch\n\nCode version: ",
                            folder.manifest().lineage().code_version(), "\n"));
}

std::string LineageText(const SubmissionFolder& folder) {
  std::string text;
  std::vector<InputArtifact> all = folder.lineage();
  all.insert(all.begin(), {folder.id(), folder.manifest()});
  for (const InputArtifact& one : all) {
    const v1::Lineage& lineage = one.manifest.lineage();
    absl::StrAppend(&text, one.id, "  ", one.manifest.kind(), " of ", lineage.job_kind(), " job ",
                    lineage.job_id(), ", code ", lineage.code_version(), "\n");
    for (const v1::LineageInput& input : lineage.inputs())
      absl::StrAppend(&text, "    ", input.field(), " = ", input.artifact_id(), "\n");
    for (const v1::DatasetSource& source : lineage.sources()) {
      absl::StrAppend(&text, "    read ", source.file(), " of ", source.dataset(), " ", source.split(),
                      ", SHA-256 ", source.sha256(), ", licence ", source.licence(), ", ", source.home(),
                      "\n");
    }
  }
  return text;
}

absl::Status WriteVerdict(const SubmissionFolder& folder, const v1::Track& track) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(JudgeFolder(folder, track), &json, options).ok())
    return absl::InternalError("check.json: a text is not UTF-8");
  return Write(folder, "check.json", json);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> PackSubmission(const SubmissionFolder& folder,
                                                        const v1::Track& track) {
  std::vector<std::string> said;
  absl::Status status = WriteResults(folder, track, said);
  if (status.ok()) status = WritePredictions(folder, said);
  if (status.ok()) status = WritePipeline(folder, said);
  if (status.ok()) status = Write(folder, "lineage.txt", LineageText(folder));
  if (status.ok()) status = WriteVerdict(folder, track);
  if (status.ok()) status = WriteCheckSums(folder);
  if (!status.ok()) return status;
  return said;
}

}  // namespace bonsai
