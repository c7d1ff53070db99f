#include "worker/data/corpus_parts.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

constexpr uint64_t kPartsMax = 256;
constexpr size_t kChunkBytes = 1 << 20;

// Stores the part and publishes the checkpoint that it completes.
absl::StatusOr<v1::ArtifactFile> StorePart(RunnerContext* context, const DataPlan* plan,
                                           DataCheckpoint checkpoint, std::string path) {
  v1::Manifest manifest;
  absl::Status added = AddFile(*context, path, CorpusPartName(checkpoint.parts.size()), manifest);
  if (!added.ok()) return added;
  unlink(path.c_str());
  checkpoint.parts.push_back(manifest.files(0));
  if (absl::Status saved = SaveDataCheckpoint(*context, *plan, checkpoint); !saved.ok()) return saved;
  return manifest.files(0);
}

}  // namespace

CorpusParts::CorpusParts(RunnerContext& context, const DataPlan& plan, std::vector<v1::ArtifactFile> parts)
    : context_(context), plan_(plan), stored_(std::move(parts)) {
  for (const v1::ArtifactFile& part : stored_) bytes_ += part.blob().size_bytes();
}

CorpusParts::~CorpusParts() {
  if (storing_.valid()) storing_.wait();
}

std::string CorpusParts::PathOf(size_t part) const {
  return absl::StrCat(context_.task().work_dir(), "/", CorpusPartName(part));
}

absl::Status CorpusParts::ForEachDocument(const std::function<absl::Status(const v1::Document&)>& visit) {
  v1::Document document;
  for (const v1::ArtifactFile& part : stored_) {
    const absl::StatusOr<std::string> path = context_.blobs().LocalPath(part.blob());
    if (!path.ok()) return path.status();
    absl::StatusOr<std::unique_ptr<DocumentReader>> reader = DocumentReader::Open(*path);
    if (!reader.ok()) return reader.status();
    while (true) {
      const absl::StatusOr<bool> more = (*reader)->Next(&document);
      if (!more.ok()) return more.status();
      if (!*more) break;
      if (absl::Status visited = visit(document); !visited.ok()) return visited;
    }
  }
  return absl::OkStatus();
}

absl::Status CorpusParts::Append(const v1::Document& document) {
  if (writer_ == nullptr) {
    // The one that is being stored is not in stored_ yet.
    const size_t part = stored_.size() + (storing_.valid() ? 1 : 0);
    absl::StatusOr<std::unique_ptr<DocumentWriter>> writer = DocumentWriter::Create(PathOf(part));
    if (!writer.ok()) return writer.status();
    writer_ = *std::move(writer);
  }
  if (absl::Status appended = writer_->Append(document); !appended.ok()) return appended;
  part_bytes_ += static_cast<uint64_t>(document.GetCachedSize());
  return absl::OkStatus();
}

bool CorpusParts::part_full() const {
  return part_bytes_ >= std::max(plan_.checkpoint_every_bytes, bytes_ / kPartsMax);
}

absl::Status CorpusParts::Close() {
  if (absl::Status closed = writer_->Close(); !closed.ok()) return closed;
  writer_ = nullptr;
  bytes_ += std::exchange(part_bytes_, 0);
  return absl::OkStatus();
}

absl::Status CorpusParts::EndPart(std::vector<SourceReport> sources) {
  if (writer_ == nullptr) return absl::OkStatus();
  if (absl::Status closed = Close(); !closed.ok()) return closed;
  if (absl::Status stored = FinishStoring(); !stored.ok()) return stored;
  storing_ = std::async(std::launch::async, StorePart, &context_, &plan_,
                        DataCheckpoint{std::move(sources), stored_}, PathOf(stored_.size()));
  return absl::OkStatus();
}

absl::Status CorpusParts::FinishStoring() {
  if (!storing_.valid()) return absl::OkStatus();
  absl::StatusOr<v1::ArtifactFile> part = storing_.get();
  if (!part.ok()) return part.status();
  stored_.push_back(*std::move(part));
  return absl::OkStatus();
}

absl::StatusOr<std::string> CorpusParts::Join() {
  if (absl::Status stored = FinishStoring(); !stored.ok()) return stored;
  const std::string last = PathOf(stored_.size());
  if (stored_.empty() && writer_ != nullptr) {
    if (absl::Status closed = Close(); !closed.ok()) return closed;
    return last;
  }
  std::vector<std::string> paths;
  for (const v1::ArtifactFile& part : stored_) {
    absl::StatusOr<std::string> path = context_.blobs().LocalPath(part.blob());
    if (!path.ok()) return path.status();
    paths.push_back(*std::move(path));
  }
  if (writer_ != nullptr) {
    if (absl::Status closed = Close(); !closed.ok()) return closed;
    paths.push_back(last);
  }
  const std::string joined = absl::StrCat(context_.task().work_dir(), "/documents.binpb");
  std::ofstream out(joined, std::ios::binary);
  for (const std::string& path : paths) {
    absl::Status copied = ForEachChunk(path, kChunkBytes, [&out](absl::string_view chunk) {
      out.write(chunk.data(), static_cast<std::streamsize>(chunk.size()));
      return absl::OkStatus();
    });
    if (!copied.ok()) return copied;
  }
  out.close();
  if (!out) return absl::ResourceExhaustedError(absl::StrCat("cannot write ", joined, "; is the disk full?"));
  return joined;
}

}  // namespace bonsai
