#include "worker/data/source_read_ahead.h"

#include <algorithm>
#include <utility>

#include "worker/data/document_text.h"

namespace bonsai {
namespace {

constexpr uint64_t kBlockBytes = 1 << 19;
constexpr size_t kBlockDocumentsMax = 1024;
constexpr size_t kBlocksAhead = 8;

}  // namespace

SourceReadAhead::SourceReadAhead(std::vector<File> files, int threads)
    : files_(std::move(files)), blocks_(files_.size()) {
  const int useful = std::min<int>(threads, static_cast<int>(files_.size()));
  for (int i = 0; threads > 1 && i < useful; ++i) workers_.emplace_back([this] { Work(); });
}

SourceReadAhead::~SourceReadAhead() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

SourceReadAhead::Block SourceReadAhead::Read(const File& file, std::unique_ptr<SourceReader>* reader) {
  Block block;
  if (*reader == nullptr) {
    absl::StatusOr<std::unique_ptr<SourceReader>> opened =
        SourceReader::Open(file.format, file.path, file.records_field);
    block.status = opened.status();
    block.last = !opened.ok();
    if (block.last) return block;
    *reader = *std::move(opened);
  }
  for (uint64_t bytes = 0; bytes < kBlockBytes && block.documents.size() < kBlockDocumentsMax;) {
    v1::Document document;
    const absl::StatusOr<bool> more = (*reader)->Next(&document);
    block.status = more.status();
    block.last = !more.ok() || !*more;
    if (block.last) break;
    bytes += DocumentTextBytes(document);
    block.documents.push_back(std::move(document));
  }
  block.file_offset = (*reader)->file_offset();
  block.bytes_replaced = (*reader)->bytes_replaced();
  return block;
}

// Files are taken in order, so the one that the caller waits for has a thread.
void SourceReadAhead::Work() {
  while (true) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (ending_ || next_file_ == files_.size()) return;
    const size_t file = next_file_++;
    std::unique_ptr<SourceReader> reader;
    for (bool last = false; !last;) {
      changed_.wait(lock, [&] { return ending_ || blocks_[file].size() < kBlocksAhead; });
      if (ending_) return;
      lock.unlock();
      Block block = Read(files_[file], &reader);
      last = block.last;
      lock.lock();
      blocks_[file].push_back(std::move(block));
      changed_.notify_all();
    }
  }
}

SourceReadAhead::Block SourceReadAhead::Next() {
  Block block;
  if (workers_.empty()) {
    block = Read(files_[current_], &own_);
    if (block.last) own_ = nullptr;
  } else {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return !blocks_[current_].empty(); });
    block = std::move(blocks_[current_].front());
    blocks_[current_].pop_front();
    changed_.notify_all();
  }
  if (block.last) ++current_;
  return block;
}

}  // namespace bonsai
