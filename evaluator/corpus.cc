#include "evaluator/corpus.h"

#include "absl/strings/str_cat.h"

namespace bonsai {

absl::StatusOr<std::unique_ptr<DocumentReader>> OpenCorpus(RunnerContext& context, absl::string_view field) {
  const absl::StatusOr<InputArtifact> input = context.Input(field);
  if (!input.ok()) return input.status();
  const absl::StatusOr<std::string> path = context.InputPath(*input, "documents.binpb");
  if (!path.ok()) return path.status();
  return DocumentReader::Open(*path);
}

absl::StatusOr<std::vector<v1::Document>> ReadCorpus(RunnerContext& context, absl::string_view field,
                                                     uint64_t documents_max) {
  const absl::StatusOr<std::unique_ptr<DocumentReader>> reader = OpenCorpus(context, field);
  if (!reader.ok()) return reader.status();
  std::vector<v1::Document> documents;
  while (documents_max == 0 || documents.size() < documents_max) {
    v1::Document document;
    const absl::StatusOr<bool> more = (*reader)->Next(&document);
    if (!more.ok()) return more.status();
    if (!*more) break;
    if ((*reader)->offset() > kCorpusBytesMax) {
      return absl::InvalidArgumentError(absl::StrCat(field, ": more than ", kCorpusBytesMax,
                                                     " bytes of documents; set max_documents below ",
                                                     documents.size()));
    }
    documents.push_back(std::move(document));
  }
  return documents;
}

absl::StatusOr<std::vector<std::string>> ReadTexts(RunnerContext& context, absl::string_view field,
                                                   uint64_t documents_max) {
  absl::StatusOr<std::vector<v1::Document>> documents = ReadCorpus(context, field, documents_max);
  if (!documents.ok()) return documents.status();
  std::vector<std::string> texts;
  for (v1::Document& document : *documents) {
    if (document.content_case() != v1::Document::kText) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, ": document ", texts.size(), " (\"", document.id(), "\") is not text"));
    }
    texts.push_back(std::move(*document.mutable_text()));
  }
  return texts;
}

}  // namespace bonsai
