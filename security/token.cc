#include "security/token.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "security/small_file.h"

namespace bonsai {
namespace {

constexpr size_t kTokenCharactersMax = 256;
constexpr char kScheme[] = "Bearer ";

std::string Hex(const unsigned char* bytes, size_t size) {
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(bytes), size));
}

// RFC 6750's b64token.
bool IsToken(absl::string_view text) {
  return !text.empty() && text.size() <= kTokenCharactersMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  absl::StrContains("-._~+/=", absl::string_view(&c, 1));
         });
}

}  // namespace

std::string DrawToken() {
  unsigned char bytes[32];
  // Without random numbers there is no security to go on with.
  if (RAND_bytes(bytes, sizeof bytes) != 1) std::abort();
  return absl::StrCat("bonsai-", Hex(bytes, sizeof bytes));
}

std::string TokenSha256(absl::string_view token) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest);
  return Hex(digest, sizeof digest);
}

absl::StatusOr<absl::string_view> ParseAuthorization(absl::string_view value) {
  const size_t scheme = sizeof kScheme - 1;
  if (!absl::EqualsIgnoreCase(value.substr(0, scheme), kScheme)) {
    return absl::UnauthenticatedError("the call's authorization is not \"Bearer TOKEN\"");
  }
  const absl::string_view token = absl::StripAsciiWhitespace(value.substr(scheme));
  if (!IsToken(token)) {
    return absl::UnauthenticatedError(
        absl::StrCat("the call's token has characters that no token has, or not 1 to ", kTokenCharactersMax));
  }
  return token;
}

absl::StatusOr<std::string> ReadTokenFile(const std::string& path) {
  absl::StatusOr<std::string> text = ReadSmallFile(path, 4096);
  if (!text.ok()) return text.status();
  const absl::string_view token = absl::StripAsciiWhitespace(*text);
  if (!IsToken(token)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": holds no token; `bonsai cert token` makes one and prints it once"));
  }
  return std::string(token);
}

}  // namespace bonsai
