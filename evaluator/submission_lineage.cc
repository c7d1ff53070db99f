#include "evaluator/submission_lineage.h"

#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/manifest.h"
#include "storage/tokenizer_file.h"

namespace bonsai {
namespace {

bool HasInput(const v1::Manifest& manifest, const std::string& id) {
  for (const v1::LineageInput& input : manifest.lineage().inputs()) {
    if (input.artifact_id() == id) return true;
  }
  return false;
}

absl::Status NotAbout(const InputArtifact& report, const InputArtifact& model, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat("the ", report.manifest.kind(), " ", report.id,
                                                    " is not about the submission's model ", model.id, ": ",
                                                    why));
}

bool SameFile(const v1::Manifest& a, const v1::Manifest& b, absl::string_view path) {
  const v1::ArtifactFile* in_a = FindFile(a, path);
  const v1::ArtifactFile* in_b = FindFile(b, path);
  return in_a != nullptr && in_b != nullptr && in_a->blob().sha256() == in_b->blob().sha256();
}

}  // namespace

absl::StatusOr<std::vector<v1::DatasetSource>> TraceSources(BlobStore& store, const InputArtifact& model) {
  const absl::StatusOr<std::vector<LineageEntry>> lineage = TraceLineage(store, model.id);
  if (!lineage.ok()) return lineage.status();
  std::map<std::tuple<std::string, std::string, std::string>, v1::DatasetSource> sources;
  const auto add = [&sources](const v1::Manifest& manifest) {
    for (const v1::DatasetSource& source : manifest.lineage().sources())
      sources.emplace(std::make_tuple(source.dataset(), source.file(), source.sha256()), source);
  };
  add(model.manifest);
  for (const LineageEntry& entry : *lineage) add(entry.manifest);
  std::vector<v1::DatasetSource> list;
  for (auto& [key, source] : sources) list.push_back(std::move(source));
  return list;
}

std::vector<std::string> ListDatasets(const std::vector<v1::DatasetSource>& sources) {
  std::set<std::string> names;
  for (const v1::DatasetSource& source : sources) names.insert(source.dataset());
  return {names.begin(), names.end()};
}

bool IsSameModel(const v1::Manifest& a, const v1::Manifest& b) {
  return SameFile(a, b, "model.safetensors") && SameFile(a, b, TokenizerFileName(a));
}

absl::Status CheckEvaluationOf(BlobStore& store, const InputArtifact& model, const InputArtifact& evaluation,
                               const std::string& reported_model_id) {
  if (!HasInput(evaluation.manifest, reported_model_id)) {
    return NotAbout(evaluation, model,
                    absl::StrCat("its report names \"", reported_model_id, "\", which was no input of it"));
  }
  const absl::StatusOr<v1::Manifest> evaluated = GetManifest(store, reported_model_id);
  if (!evaluated.ok()) return evaluated.status();
  if (IsSameModel(*evaluated, model.manifest)) return absl::OkStatus();
  return NotAbout(
      evaluation, model,
      absl::StrCat("it evaluated ", reported_model_id, ", whose weights or tokenizer are other ones"));
}

absl::Status CheckBenchmarkOf(BlobStore& store, const InputArtifact& model, const InputArtifact& benchmark,
                              const std::string& reported_bundle_id) {
  if (!HasInput(benchmark.manifest, reported_bundle_id)) {
    return NotAbout(benchmark, model,
                    absl::StrCat("its report names \"", reported_bundle_id, "\", which was no input of it"));
  }
  const absl::StatusOr<v1::Manifest> bundle = GetManifest(store, reported_bundle_id);
  if (!bundle.ok()) return bundle.status();
  for (const v1::LineageInput& input : bundle->lineage().inputs()) {
    const absl::StatusOr<v1::Manifest> built = GetManifest(store, input.artifact_id());
    if (!built.ok()) return built.status();
    if (IsSameModel(*built, model.manifest)) return absl::OkStatus();
  }
  return NotAbout(benchmark, model,
                  absl::StrCat("the bundle ", reported_bundle_id, " was built from another model"));
}

}  // namespace bonsai
