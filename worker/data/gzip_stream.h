// What a gzip file holds, inflated while it is read. Several gzip members one after another are one stream,
// as `gzip -d` has it; anything else after a member is an error.
//
// Called by the readers of data formats. Belongs to one thread at a time; memory is bounded whatever the file
// says.
#ifndef BONSAI_WORKER_DATA_GZIP_STREAM_H_
#define BONSAI_WORKER_DATA_GZIP_STREAM_H_

#include <memory>

#include "worker/data/byte_stream.h"

namespace bonsai {

// Read() of the result returns DataLoss for a stream that is corrupt, that ends within a member, or that has
// other bytes after the last one; the message names the file and the byte offset in it.
std::unique_ptr<ByteStream> InflateGzip(std::unique_ptr<ByteStream> compressed);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_GZIP_STREAM_H_
