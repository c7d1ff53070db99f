// A sealed file: bytes that only the holder of a key can read, or have made (AES-256-GCM). The questions of
// secret suites lie in them.
//
// Format, version 1: the 16 bytes "bonsai-sealed-1\n"; a random nonce of 12 bytes; the ciphertext, as long as
// the plain bytes; the tag of 16 bytes. The first line is authenticated with the rest, so a file of another
// version cannot be passed off as one of this.
//
// A key file holds 64 hexadecimal digits, and is its owner's alone (mode 0600 or stricter).
//
// Called by bonsai-holdout, the data runner and the evaluation runner. Functions without state; any thread.
#ifndef BONSAI_STORAGE_SEALED_FILE_H_
#define BONSAI_STORAGE_SEALED_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bonsai {

// The file of a holdout artifact, and the environment variable that names the key file on a machine that may
// evaluate it.
inline constexpr char kSealedQuestionsPath[] = "questions.sealed";
inline constexpr char kHoldoutKeyVariable[] = "BONSAI_HOLDOUT_KEY_FILE";

inline constexpr size_t kSealKeyBytes = 32;
inline constexpr size_t kSealedBytesMax = size_t{256} << 20;  // of a sealed file

// A random key, as the text of a key file.
absl::StatusOr<std::string> NewKeyText();

// The 32 bytes of a key file. As ReadFileBytes; PermissionDenied if others may read or write it;
// InvalidArgument if it holds no key. No message holds any of the file's bytes.
absl::StatusOr<std::string> ReadKeyFile(const std::string& path);

// `key` has kSealKeyBytes bytes. InvalidArgument if the plain bytes are too many.
absl::StatusOr<std::string> Seal(absl::string_view plain, absl::string_view key);

// InvalidArgument if the bytes are no sealed file of a version that is known; says nothing about their key.
absl::Status CheckSealed(absl::string_view sealed);

// The plain bytes. As CheckSealed; PermissionDenied if the key is not the one, or the file was changed: the
// two cannot be told apart.
absl::StatusOr<std::string> Unseal(absl::string_view sealed, absl::string_view key);

}  // namespace bonsai

#endif  // BONSAI_STORAGE_SEALED_FILE_H_
