// Bytes of files on disk: read whole and bounded, read in chunks, and errno as a Status that names the path.
//
// Called by the stores and by whoever reads a small file. Functions without state; safe from any thread.
#ifndef BONSAI_STORAGE_FILE_BYTES_H_
#define BONSAI_STORAGE_FILE_BYTES_H_

#include <cstddef>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bonsai {

// "write /a/b: No space left on device" with the code that fits: NotFound for what is not there,
// PermissionDenied, ResourceExhausted for a full disk, quota, file size limit or too many open files, else
// Internal.
absl::Status ErrnoStatus(int error, absl::string_view action, absl::string_view path);

// All bytes of a regular file. As ErrnoStatus; InvalidArgument if it is not a regular file, ResourceExhausted
// if it has more than `max_bytes`.
absl::StatusOr<std::string> ReadFileBytes(const std::string& path, size_t max_bytes);

// Calls `visit` with the file's bytes in order, at most `chunk_bytes` at a time, until it fails or they end.
absl::Status ForEachChunk(const std::string& path, size_t chunk_bytes,
                          const std::function<absl::Status(absl::string_view)>& visit);

// Writes all of `bytes` to a descriptor, through short writes and interruptions. `path` is for the error.
absl::Status WriteAll(int fd, absl::string_view bytes, absl::string_view path);

}  // namespace bonsai

#endif  // BONSAI_STORAGE_FILE_BYTES_H_
