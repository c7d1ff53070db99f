#include "evaluator/holdout/holdout_corpus.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "evaluator/holdout/holdout_questions.h"
#include "evaluator/holdout/ngram_overlap.h"
#include "storage/document_file.h"
#include "storage/file_bytes.h"
#include "storage/manifest.h"
#include "storage/sealed_file.h"

namespace bonsai {
namespace {

constexpr char kDocumentsPath[] = "documents.binpb";

absl::Status Annotate(const absl::Status& status, absl::string_view place) {
  return absl::Status(status.code(), absl::StrCat(place, ": ", status.message()));
}

// The texts of a document of training data. Parts of one are scanned apart.
std::vector<std::string> TextsOfDocument(v1::Document& document) {
  switch (document.content_case()) {
    case v1::Document::kText:
      return {std::move(*document.mutable_text())};
    case v1::Document::kInstruction:
      return {document.instruction().instruction(), document.instruction().input(),
              document.instruction().output()};
    case v1::Document::kMultipleChoice: {
      std::vector<std::string> texts = {document.multiple_choice().question()};
      for (const v1::Choice& choice : document.multiple_choice().choices()) texts.push_back(choice.text());
      return texts;
    }
    case v1::Document::kRecord:
      return TextsOfQuestion(document);
    default:
      return {};
  }
}

absl::Status ScanCorpus(RunnerContext& context, const InputArtifact& corpus, NgramOverlap& overlap) {
  const absl::StatusOr<std::string> path = context.InputPath(corpus, kDocumentsPath);
  if (!path.ok()) return path.status();
  const absl::StatusOr<std::unique_ptr<DocumentReader>> reader = DocumentReader::Open(*path);
  if (!reader.ok()) return reader.status();
  v1::Document document;
  while (true) {
    const absl::StatusOr<bool> more = (*reader)->Next(&document);
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
    for (const std::string& text : TextsOfDocument(document)) overlap.Scan(text);
    if (context.StopRequested()) return absl::CancelledError("asked to stop");
  }
}

// The corpora behind an input: itself, or those that the tokens were packed from.
absl::StatusOr<std::vector<InputArtifact>> CorporaOf(RunnerContext& context, InputArtifact input,
                                                     absl::string_view field) {
  if (input.manifest.kind() == "corpus") return std::vector<InputArtifact>{std::move(input)};
  std::vector<InputArtifact> corpora;
  for (const v1::LineageInput& from : input.manifest.lineage().inputs()) {
    if (!absl::StrContains(from.field(), "corpus")) continue;
    absl::StatusOr<v1::Manifest> manifest = GetManifest(context.blobs(), from.artifact_id());
    if (!manifest.ok()) {
      return absl::FailedPreconditionError(
          absl::StrCat(field, ": the corpus ", from.artifact_id(), " of these tokens is not at hand here (",
                       manifest.status().message(), "); name the corpus itself"));
    }
    corpora.push_back({from.artifact_id(), *std::move(manifest)});
  }
  if (corpora.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(field, ": the tokens ", input.id, " name no corpus that they were packed from"));
  }
  return corpora;
}

}  // namespace

absl::StatusOr<bool> IsHoldout(RunnerContext& context, absl::string_view field) {
  const absl::StatusOr<InputArtifact> input = context.Input(field);
  if (!input.ok()) return input.status();
  return input->manifest.kind() == "holdout";
}

absl::StatusOr<std::vector<v1::Document>> OpenHoldout(RunnerContext& context, absl::string_view field,
                                                      uint64_t documents_max) {
  const absl::StatusOr<InputArtifact> input = context.Input(field);
  if (!input.ok()) return input.status();
  const char* key_path = std::getenv(kHoldoutKeyVariable);
  if (key_path == nullptr || *key_path == '\0') {
    return absl::FailedPreconditionError(absl::StrCat(
        field, " is a secret suite, and this machine has no key for it; start its worker with ",
        kHoldoutKeyVariable, " set to the key file, and require a label that only such workers have"));
  }
  const absl::StatusOr<std::string> key = ReadKeyFile(key_path);
  if (!key.ok()) return Annotate(key.status(), kHoldoutKeyVariable);
  const absl::StatusOr<std::string> path = context.InputPath(*input, kSealedQuestionsPath);
  if (!path.ok()) return path.status();
  const absl::StatusOr<std::string> sealed = ReadFileBytes(*path, kSealedBytesMax);
  if (!sealed.ok()) return sealed.status();
  const absl::StatusOr<std::string> plain = Unseal(*sealed, *key);
  if (!plain.ok()) return Annotate(plain.status(), field);
  absl::StatusOr<std::vector<v1::Document>> questions = ReadHoldoutQuestions(*plain);
  if (!questions.ok()) return Annotate(questions.status(), field);
  if (documents_max > 0 && questions->size() > documents_max) questions->resize(documents_max);
  return questions;
}

absl::StatusOr<double> MeasureOverlap(RunnerContext& context, std::span<const v1::Document> questions) {
  NgramOverlap overlap;
  for (const v1::Document& question : questions) overlap.AddQuestion(TextsOfQuestion(question));
  for (int i = 0; i < context.task().spec().evaluate().overlap_with_size(); ++i) {
    const std::string field = absl::StrCat("evaluate.overlap_with[", i, "]");
    absl::StatusOr<InputArtifact> input = context.Input(field);
    if (!input.ok()) return input.status();
    const absl::StatusOr<std::vector<InputArtifact>> corpora = CorporaOf(context, *std::move(input), field);
    if (!corpora.ok()) return corpora.status();
    for (const InputArtifact& corpus : *corpora) {
      if (absl::Status status = ScanCorpus(context, corpus, overlap); !status.ok())
        return Annotate(status, field);
    }
  }
  return overlap.share();
}

}  // namespace bonsai
