// What a text file holds, however it was stored: inflated if the first bytes are gzip's, and without a UTF-8
// byte-order mark in front.
//
// Called by SourceReader. Belongs to one thread at a time.
#ifndef BONSAI_WORKER_DATA_PLAIN_STREAM_H_
#define BONSAI_WORKER_DATA_PLAIN_STREAM_H_

#include <memory>

#include "absl/status/statusor.h"
#include "worker/data/byte_stream.h"

namespace bonsai {

// Reads the first bytes of `file`. Errors: its own, and InflateGzip's.
absl::StatusOr<std::unique_ptr<ByteStream>> OpenPlain(std::unique_ptr<ByteStream> file);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_PLAIN_STREAM_H_
