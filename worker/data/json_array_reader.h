// The elements of a JSON array that is a file, or a member of the object that is one, one after another, so
// that a large file is never held as a whole. Belongs to one thread at a time.
#ifndef BONSAI_WORKER_DATA_JSON_ARRAY_READER_H_
#define BONSAI_WORKER_DATA_JSON_ARRAY_READER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "worker/data/byte_stream.h"

namespace bonsai {

// A bound on what one element makes a reader hold.
inline constexpr size_t kElementBytesMax = 32 << 20;

class JsonArrayReader {
 public:
  // `member`: the name of the object's member that is the array; "*": every member that is an array of
  // objects, in the file's order; empty: the file is the array.
  explicit JsonArrayReader(std::unique_ptr<ByteStream> stream, std::string member = "");

  // The text of the next element, which is an object, valid until the next call. Its inside is not checked:
  // parse it. Returns false after the closing bracket, once only white space was found to follow it. Errors:
  // DataLoss names the file, the byte and what was expected there; InvalidArgument for an object that lacks
  // the member; otherwise the stream's.
  absl::StatusOr<bool> Next(absl::string_view* element);

  // The number in its array of the element that Next gave last, from 0, and the byte at which it starts.
  uint64_t index() const { return count_ - 1; }
  // The name of the member that it is in; empty where the file is the array.
  const std::string& member() const { return current_; }
  uint64_t element_offset() const { return element_offset_; }
  const ByteStream& stream() const { return *stream_; }

 private:
  absl::StatusOr<bool> Peek(char* c);     // the next byte, not taken; false at the end
  absl::StatusOr<char> PeekAfterSpace();  // '\0' at the end
  absl::StatusOr<char> TakeAndPeek();     // takes a byte; then as PeekAfterSpace
  absl::Status ReadValue(
      int64_t depth);  // an object, an array (or its rest, `depth` brackets deep) or a string
  absl::Status SkipValue();
  absl::StatusOr<bool> OpenMember();   // goes into the next array that is wanted; false after the last
  absl::StatusOr<bool> OpenWanted();   // behind a wanted member's colon; false if it is none that counts
  absl::StatusOr<bool> NextElement();  // of the array that is open; false behind its end
  absl::Status Finish();               // nothing but white space follows
  absl::Status Unexpected(char c, absl::string_view wanted) const;

  const std::unique_ptr<ByteStream> stream_;
  const std::string wanted_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // what is not yet taken is buffer_[begin_, end_)
  size_t end_ = 0;
  uint64_t offset_ = 0;  // of the next byte in the file
  uint64_t element_offset_ = 0;
  uint64_t count_ = 0;
  bool opened_ = false;  // the file's first bracket was read
  bool in_array_ = false;
  bool closed_ = false;
  bool keep_ = true;  // what ReadValue reads, in element_
  uint64_t arrays_ = 0;
  std::string current_;
  std::string element_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_JSON_ARRAY_READER_H_
