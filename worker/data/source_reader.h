// The documents of one outside file, in any of the formats that a DataSpec names.
//
// Called by the data runner. Belongs to one thread at a time; holds one record, whatever the file's size.
#ifndef BONSAI_WORKER_DATA_SOURCE_READER_H_
#define BONSAI_WORKER_DATA_SOURCE_READER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "bonsai/v1/document.pb.h"
#include "bonsai/v1/spec.pb.h"
#include "worker/data/byte_stream.h"

namespace bonsai {

class SourceReader {
 public:
  // `records_field`: as v1.DataSpec.Source's, of JSON_ARRAY only. Errors: as ByteStream::OpenFile and
  // OpenPlain; InvalidArgument for a format that is not known.
  static absl::StatusOr<std::unique_ptr<SourceReader>> Open(v1::DataSpec::Format format,
                                                            const std::string& path,
                                                            const std::string& records_field = "");
  // The same over the file's bytes.
  static absl::StatusOr<std::unique_ptr<SourceReader>> Over(v1::DataSpec::Format format,
                                                            std::unique_ptr<ByteStream> file,
                                                            const std::string& records_field = "");

  virtual ~SourceReader() = default;

  // Reads the next document. Returns false at the end of the file. Text that is not UTF-8 is repaired
  // (RepairUtf8). A record without an id of its own is named by its place: "dev.jsonl:7" (a line),
  // "tasks.json:3" or "tasks.json:examples:3" (an element, from 0). Errors: InvalidArgument names the file,
  // the line (or the array's element and its byte) and the key; DataLoss for gzip or an array that is broken
  // names file and byte.
  virtual absl::StatusOr<bool> Next(v1::Document* document) = 0;

  // Invalid bytes that became U+FFFD so far.
  virtual uint64_t bytes_replaced() const = 0;
  // How far into the file on disk the reader is.
  virtual uint64_t file_offset() const = 0;
};

// "text", "instructions", "multiple_choice" or "records": what a corpus of this format's documents is called.
absl::StatusOr<std::string> CorpusFormat(v1::DataSpec::Format format);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_SOURCE_READER_H_
