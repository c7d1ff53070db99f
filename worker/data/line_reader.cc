#include "worker/data/line_reader.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {
constexpr size_t kBufferBytes = 1 << 18;
}

LineReader::LineReader(std::unique_ptr<ByteStream> stream)
    : stream_(std::move(stream)), buffer_(kBufferBytes) {}

absl::StatusOr<bool> LineReader::Next(absl::string_view* line) {
  size_t searched = 0;  // no newline in the first `searched` bytes from begin_
  while (true) {
    const char* start = buffer_.data() + begin_;
    const void* newline = std::memchr(start + searched, '\n', end_ - begin_ - searched);
    if (newline != nullptr) {
      *line = absl::string_view(start, static_cast<const char*>(newline) - start);
      begin_ += line->size() + 1;
      ++number_;
      return true;
    }
    searched = end_ - begin_;
    if (searched > kLineBytesMax) {
      return absl::DataLossError(absl::StrCat(stream_->name(), ": line ", number_ + 1, " is longer than ",
                                              kLineBytesMax, " bytes; is this a file of JSON lines?"));
    }
    std::memmove(buffer_.data(), start, searched);
    begin_ = 0;
    end_ = searched;
    if (end_ == buffer_.size()) buffer_.resize(2 * buffer_.size());
    absl::StatusOr<size_t> n = stream_->Read(buffer_.data() + end_, buffer_.size() - end_);
    if (!n.ok()) return n.status();
    end_ += *n;
    if (*n > 0) continue;
    if (begin_ == end_) return false;
    *line = absl::string_view(buffer_.data(), end_);
    begin_ = end_;
    ++number_;
    return true;
  }
}

}  // namespace bonsai
