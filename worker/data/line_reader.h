// Lines of a stream, for JSON lines. Belongs to one thread at a time.
#ifndef BONSAI_WORKER_DATA_LINE_READER_H_
#define BONSAI_WORKER_DATA_LINE_READER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "worker/data/byte_stream.h"

namespace bonsai {

// A bound on what one line makes a reader hold.
inline constexpr size_t kLineBytesMax = 32 << 20;

class LineReader {
 public:
  explicit LineReader(std::unique_ptr<ByteStream> stream);

  // The next line without its newline, valid until the next call. Returns false at the end.
  // Errors: DataLoss names the file and the number of a line longer than kLineBytesMax; otherwise the
  // stream's.
  absl::StatusOr<bool> Next(absl::string_view* line);

  // The number of the line that Next gave last, from 1.
  uint64_t number() const { return number_; }
  const ByteStream& stream() const { return *stream_; }

 private:
  const std::unique_ptr<ByteStream> stream_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // what is not yet given out is buffer_[begin_, end_)
  size_t end_ = 0;
  uint64_t number_ = 0;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_LINE_READER_H_
