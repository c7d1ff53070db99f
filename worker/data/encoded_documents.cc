#include "worker/data/encoded_documents.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

constexpr size_t kBlockBytes = 1 << 20;
constexpr size_t kBlockDocumentsMax = 4096;

}  // namespace

EncodedDocuments::EncodedDocuments(Options options, EncoderPool& pool)
    : options_(std::move(options)), pool_(pool) {}

absl::Status EncodedDocuments::Skip(uint64_t documents) {
  if (!options_.repeat && documents > options_.documents) {
    return absl::OutOfRangeError(absl::StrCat(options_.name, " holds ", options_.documents,
                                              " documents; cannot begin after ", documents));
  }
  taken_ = documents;
  return absl::OkStatus();
}

absl::Status EncodedDocuments::OpenAt(uint64_t document) {
  absl::StatusOr<std::unique_ptr<DocumentReader>> reader = DocumentReader::Open(options_.path);
  if (!reader.ok()) return reader.status();
  reader_ = *std::move(reader);
  v1::Document passed;
  while (reader_->documents() < document) {
    const absl::StatusOr<bool> more = reader_->Next(&passed);
    if (!more.ok()) return more.status();
    if (!*more) break;  // ReadText says what is wrong
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> EncodedDocuments::ReadText(std::string* text) {
  if (!options_.repeat && taken_ == options_.documents) return false;
  const uint64_t number = (options_.first + taken_) % options_.documents;
  if (reader_ == nullptr || number == 0) {
    if (absl::Status opened = OpenAt(number); !opened.ok()) return opened;
  }
  v1::Document document;
  const absl::StatusOr<bool> more = reader_->Next(&document);
  if (!more.ok()) return more;
  if (!*more) {
    return absl::DataLossError(absl::StrCat(options_.name, " ends after ", reader_->documents(),
                                            " documents; its manifest says ", options_.documents));
  }
  if (document.content_case() != v1::Document::kText) {
    return absl::FailedPreconditionError(
        absl::StrCat(options_.name, ": document ", number, " is not text; packing is for text corpora"));
  }
  *text = std::move(*document.mutable_text());
  ++taken_;
  return true;
}

absl::Status EncodedDocuments::Fill() {
  while (ahead_.size() < options_.blocks_ahead) {
    std::vector<std::string> texts;
    size_t bytes = 0;
    while (bytes < kBlockBytes && texts.size() < kBlockDocumentsMax) {
      std::string text;
      const absl::StatusOr<bool> more = ReadText(&text);
      if (!more.ok()) return more.status();
      if (!*more) break;
      bytes += text.size();
      texts.push_back(std::move(text));
    }
    if (texts.empty()) break;
    ahead_.push_back(pool_.Encode(std::move(texts)));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> EncodedDocuments::Next(EncodedDocument* document) {
  if (in_block_ == block_.documents.size()) {
    if (absl::Status filled = Fill(); !filled.ok()) return filled;
    if (ahead_.empty()) return false;
    block_ = ahead_.front().get();
    ahead_.pop_front();
    in_block_ = 0;
  }
  const uint64_t begin = in_block_ == 0 ? 0 : block_.documents[in_block_ - 1].end;
  const EncodedBlock::Document& here = block_.documents[in_block_++];
  document->ids = absl::MakeConstSpan(block_.ids).subspan(begin, here.end - begin);
  document->text_bytes = here.text_bytes;
  return true;
}

absl::StatusOr<uint64_t> CountDocuments(const std::string& path) {
  absl::StatusOr<std::unique_ptr<DocumentReader>> reader = DocumentReader::Open(path);
  if (!reader.ok()) return reader.status();
  v1::Document document;
  while (true) {
    const absl::StatusOr<bool> more = (*reader)->Next(&document);
    if (!more.ok()) return more.status();
    if (!*more) return (*reader)->documents();
  }
}

}  // namespace bonsai
