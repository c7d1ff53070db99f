#include "worker/data/plain_stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "worker/data/gzip_stream.h"

namespace bonsai {
namespace {

constexpr absl::string_view kGzipMagic = "\x1f\x8b";
constexpr absl::string_view kByteOrderMark = "\xef\xbb\xbf";

// A stream whose first bytes can be looked at before they are taken.
class PeekedStream final : public ByteStream {
 public:
  explicit PeekedStream(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)) {}

  // Whether the stream begins with `bytes`.
  absl::StatusOr<bool> StartsWith(absl::string_view bytes) {
    while (peeked_.size() < bytes.size()) {
      char more[8];
      const absl::StatusOr<size_t> n = stream_->Read(more, bytes.size() - peeked_.size());
      if (!n.ok()) return n.status();
      if (*n == 0) return false;
      peeked_.append(more, *n);
    }
    return absl::string_view(peeked_).substr(0, bytes.size()) == bytes;
  }

  void Skip(size_t bytes) { peeked_.erase(0, bytes); }

  absl::StatusOr<size_t> Read(char* data, size_t size) override {
    if (peeked_.empty()) return stream_->Read(data, size);
    const size_t n = std::min(size, peeked_.size());
    std::memcpy(data, peeked_.data(), n);
    peeked_.erase(0, n);
    return n;
  }

  uint64_t file_offset() const override { return stream_->file_offset(); }
  const std::string& name() const override { return stream_->name(); }

 private:
  const std::unique_ptr<ByteStream> stream_;
  std::string peeked_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteStream>> OpenPlain(std::unique_ptr<ByteStream> file) {
  auto stored = std::make_unique<PeekedStream>(std::move(file));
  const absl::StatusOr<bool> gzip = stored->StartsWith(kGzipMagic);
  if (!gzip.ok()) return gzip.status();
  std::unique_ptr<PeekedStream> text =
      *gzip ? std::make_unique<PeekedStream>(InflateGzip(std::move(stored))) : std::move(stored);
  const absl::StatusOr<bool> marked = text->StartsWith(kByteOrderMark);
  if (!marked.ok()) return marked.status();
  if (*marked) text->Skip(kByteOrderMark.size());
  return text;
}

}  // namespace bonsai
