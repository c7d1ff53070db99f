#include "worker/data/gzip_stream.h"

#include <zlib.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

constexpr size_t kInputBytes = 1 << 16;
constexpr int kWindowBitsGzip = 15 + 16;  // the largest window, gzip wrapping only

class GzipStream final : public ByteStream {
 public:
  explicit GzipStream(std::unique_ptr<ByteStream> compressed)
      : compressed_(std::move(compressed)), input_(kInputBytes) {
    started_ = inflateInit2(&zlib_, kWindowBitsGzip) == Z_OK;
    if (!started_) status_ = absl::ResourceExhaustedError("no memory for zlib");
  }
  ~GzipStream() override {
    if (started_) inflateEnd(&zlib_);
  }

  absl::StatusOr<size_t> Read(char* data, size_t size) override {
    if (!status_.ok()) return status_;
    zlib_.next_out = reinterpret_cast<Bytef*>(data);
    zlib_.avail_out = static_cast<uInt>(std::min<size_t>(size, 1 << 30));
    const uInt room = zlib_.avail_out;
    while (status_.ok() && zlib_.avail_out == room) {
      if (zlib_.avail_in == 0) status_ = Refill();
      if (!status_.ok() || (at_end_ && !in_member_)) break;
      if (at_end_ && zlib_.avail_in == 0) {
        status_ = Corrupt("the file ends within the gzip stream; it is truncated");
        break;
      }
      status_ = InflateSome();
    }
    // What was inflated before an error is given out first; the error follows with the next call.
    const size_t n = room - zlib_.avail_out;
    if (n == 0 && !status_.ok()) return status_;
    return n;
  }

  uint64_t file_offset() const override { return compressed_->file_offset() - zlib_.avail_in; }
  const std::string& name() const override { return compressed_->name(); }

 private:
  absl::Status Corrupt(absl::string_view what) const {
    return absl::DataLossError(absl::StrCat(name(), ": byte ", file_offset(), ": ", what));
  }

  absl::Status Refill() {
    absl::StatusOr<size_t> n = compressed_->Read(input_.data(), input_.size());
    if (!n.ok()) return n.status();
    zlib_.next_in = reinterpret_cast<Bytef*>(input_.data());
    zlib_.avail_in = static_cast<uInt>(*n);
    at_end_ = *n == 0;
    if (at_end_ && members_ == 0 && !in_member_) return Corrupt("the file is empty; a gzip stream is needed");
    return absl::OkStatus();
  }

  absl::Status InflateSome() {
    in_member_ = true;
    const uInt before = zlib_.avail_in;
    const int code = inflate(&zlib_, Z_NO_FLUSH);
    member_bytes_ += before - zlib_.avail_in;
    switch (code) {
      case Z_OK:
      case Z_BUF_ERROR:  // needs more input
        return absl::OkStatus();
      case Z_STREAM_END:
        in_member_ = false;
        member_bytes_ = 0;
        ++members_;
        inflateReset(&zlib_);
        return absl::OkStatus();
      case Z_MEM_ERROR:
        return absl::ResourceExhaustedError("no memory for zlib");
      default:
        // Two bytes of magic are all that zlib takes before it refuses something that is no gzip at all.
        if (members_ > 0 && member_bytes_ <= 2)
          return Corrupt("other bytes follow the end of the gzip stream");
        return Corrupt(
            absl::StrCat("not a valid gzip stream: ", zlib_.msg ? zlib_.msg : "needs a dictionary"));
    }
  }

  const std::unique_ptr<ByteStream> compressed_;
  std::vector<char> input_;
  z_stream zlib_ = {};
  bool started_ = false;
  bool in_member_ = false;     // within a member, its header included
  uint64_t member_bytes_ = 0;  // of this member, taken by zlib
  uint64_t members_ = 0;       // completed
  bool at_end_ = false;        // of the compressed file
  absl::Status status_;
};

}  // namespace

std::unique_ptr<ByteStream> InflateGzip(std::unique_ptr<ByteStream> compressed) {
  return std::make_unique<GzipStream>(std::move(compressed));
}

}  // namespace bonsai
