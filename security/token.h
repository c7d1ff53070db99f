// A bearer token: 32 random bytes that a caller shows with every call, as "authorization: Bearer TOKEN". Who
// keeps tokens keeps only their SHA-256 (token_list.h).
//
// Called by the coordinator, by clients and workers, and by `bonsai cert`. Functions without state; safe from
// any thread.
#ifndef BONSAI_SECURITY_TOKEN_H_
#define BONSAI_SECURITY_TOKEN_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bonsai {

// The name of the call's metadata that carries the token.
inline constexpr char kAuthorizationKey[] = "authorization";

// "bonsai-" and 64 hexadecimal digits, from the operating system's random numbers.
std::string DrawToken();

// 64 lower-case hexadecimal digits.
std::string TokenSha256(absl::string_view token);

// The token of the value "Bearer TOKEN", a view into it. Unauthenticated: another scheme, or what cannot be a
// token (1 to 256 of the characters that RFC 6750 admits). The message never holds the value.
absl::StatusOr<absl::string_view> ParseAuthorization(absl::string_view value);

// The token in a file, without the line's end. NotFound, PermissionDenied, InvalidArgument: names the file.
absl::StatusOr<std::string> ReadTokenFile(const std::string& path);

}  // namespace bonsai

#endif  // BONSAI_SECURITY_TOKEN_H_
