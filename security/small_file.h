// Small files of credentials: read whole and bounded, written once and for their owner's eyes.
//
// Called by whoever reads or makes certificates and tokens. Functions without state; safe from any thread.
#ifndef BONSAI_SECURITY_SMALL_FILE_H_
#define BONSAI_SECURITY_SMALL_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bonsai {

// Certificates, keys and tokens are far smaller.
inline constexpr size_t kCredentialFileBytesMax = 256 << 10;

// The whole file. NotFound, PermissionDenied or FailedPrecondition (what it cannot be read for), and
// InvalidArgument if it holds more than `bytes_max`; every message begins with the path.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path,
                                          size_t bytes_max = kCredentialFileBytesMax);

// Makes the file with permissions 0600 and the bytes in it, durable. AlreadyExists if there is such a file,
// which stays as it is; FailedPrecondition if it cannot be written, and then there is none.
absl::Status WriteNewFile(const std::string& path, absl::string_view bytes);

// As WriteNewFile, but takes the place of a file that is there, in one step.
absl::Status ReplaceFile(const std::string& path, absl::string_view bytes);

}  // namespace bonsai

#endif  // BONSAI_SECURITY_SMALL_FILE_H_
