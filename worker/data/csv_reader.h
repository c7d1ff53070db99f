// The rows of a CSV file (RFC 4180): fields between commas, in double quotes where they hold commas, quotes
// or line ends; rows end with CR LF or LF. The first row names the fields.
//
// Called by SourceReader. Belongs to one thread at a time; holds one row, whatever the file's size.
#ifndef BONSAI_WORKER_DATA_CSV_READER_H_
#define BONSAI_WORKER_DATA_CSV_READER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/data/byte_stream.h"

namespace bonsai {

// Bounds on what one row makes a reader hold.
inline constexpr size_t kRowBytesMax = 32 << 20;
inline constexpr size_t kRowFieldsMax = 4096;

class CsvReader {
 public:
  explicit CsvReader(std::unique_ptr<ByteStream> stream);

  // The next row: as many fields as names(). Empty lines are passed over. Returns false at the end. Errors:
  // DataLoss names the file, the line and what is wrong there (a quote out of place, one that is not closed,
  // a row of another number of fields, a name that comes twice, no names at all); otherwise the stream's.
  absl::StatusOr<bool> Next(std::vector<std::string>* fields);

  // Known once Next has been called.
  const std::vector<std::string>& names() const { return names_; }
  // The line, from 1, at which the row that Next gave last begins.
  uint64_t line() const { return row_line_; }
  const ByteStream& stream() const { return *stream_; }

 private:
  absl::StatusOr<bool> Peek(char* c);  // the next byte, not taken; false at the end
  absl::StatusOr<bool> ReadRow(std::vector<std::string>* fields);
  absl::Status ReadField(std::string* field);
  absl::Status ReadQuoted(std::string* field);
  absl::Status ReadNames();
  absl::Status Wrong(uint64_t line, absl::string_view what) const;
  void Take(char c);

  const std::unique_ptr<ByteStream> stream_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // what is not yet taken is buffer_[begin_, end_)
  size_t end_ = 0;
  uint64_t line_ = 1;  // of the next byte
  uint64_t row_line_ = 0;
  size_t row_bytes_ = 0;
  std::vector<std::string> names_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_CSV_READER_H_
