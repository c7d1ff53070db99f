#include "security/token_list.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "security/token.h"

namespace bonsai {
namespace {

using Token = v1::TokenList::Token;

constexpr size_t kNameCharactersMax = 128;
constexpr size_t kSha256Digits = 64;

class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    if (text.empty()) text = absl::StrCat(line + 1, ":", column + 1, ": ", message);
  }
  std::string text;
};

bool IsName(absl::string_view text) {
  return !text.empty() && text.size() <= kNameCharactersMax &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.' || c == '@';
         });
}

bool IsHash(absl::string_view text) {
  return text.size() == kSha256Digits && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
         });
}

absl::Status Invalid(absl::string_view field, absl::string_view value, absl::string_view want) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": is \"", absl::CHexEscape(value.substr(0, 80)), "\"; want ", want));
}

}  // namespace

absl::Status CheckToken(const Token& token) {
  if (!IsName(token.name())) {
    return Invalid("name", token.name(), "1 to 128 letters, digits, '_', '-', '.', '@': whose token it is");
  }
  if (!IsHash(token.sha256())) {
    return Invalid("sha256", token.sha256(), "the token's SHA-256, 64 lower-case hexadecimal digits");
  }
  if (!token.tenant().empty() && !IsName(token.tenant())) {
    return Invalid("tenant", token.tenant(), "1 to 128 letters, digits, '_', '-', '.', '@', or none");
  }
  if (token.roles().empty()) return Invalid("roles", "", "one of SUBMIT, WORK, ADMIN, or several");
  for (const int role : token.roles()) {
    if (role == Token::SUBMIT || role == Token::WORK || role == Token::ADMIN) continue;
    return Invalid("roles", absl::StrCat(role), "SUBMIT, WORK or ADMIN");
  }
  const auto has = [&](Token::Role role) {
    return std::find(token.roles().begin(), token.roles().end(), role) != token.roles().end();
  };
  if (has(Token::SUBMIT) && has(Token::WORK)) {
    return Invalid("roles", "SUBMIT, WORK",
                   "a token of its own for each: a worker sees every tenant's artifacts");
  }
  if (token.expires_unix_ms() < 0) {
    return Invalid("expires_unix_ms", absl::StrCat(token.expires_unix_ms()), "a Unix time, or 0 for never");
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::TokenList> ParseTokenList(absl::string_view file, absl::string_view text) {
  if (text.size() > kTokenListBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": holds more than ", kTokenListBytesMax, " bytes"));
  }
  FirstError error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.SetRecursionLimit(10);
  v1::TokenList list;
  if (!parser.ParseFromString(std::string(text), &list)) {
    return absl::InvalidArgumentError(absl::StrCat(file, ":", error.text));
  }
  if (list.tokens_size() > kTokensMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": lists ", list.tokens_size(), " tokens; at most ", kTokensMax));
  }
  std::set<absl::string_view> hashes;
  for (int i = 0; i < list.tokens_size(); ++i) {
    absl::Status valid = CheckToken(list.tokens(i));
    if (valid.ok() && !hashes.insert(list.tokens(i).sha256()).second) {
      valid = Invalid("sha256", list.tokens(i).sha256(), "each token once");
    }
    if (!valid.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(file, ": tokens[", i, "].", valid.message()));
    }
  }
  return list;
}

absl::StatusOr<const Token*> FindToken(const v1::TokenList& list, absl::string_view token, absl::Time now) {
  const std::string hash = TokenSha256(token);
  const Token* found = nullptr;
  for (const Token& entry : list.tokens()) {
    const bool same = entry.sha256().size() == hash.size() &&
                      CRYPTO_memcmp(entry.sha256().data(), hash.data(), hash.size()) == 0;
    found = same ? &entry : found;
  }
  if (found == nullptr) {
    return absl::UnauthenticatedError(
        "the coordinator does not know this token; ask who runs it for one (`bonsai cert token`)");
  }
  if (found->expires_unix_ms() != 0 && absl::ToUnixMillis(now) >= found->expires_unix_ms()) {
    return absl::UnauthenticatedError(
        absl::StrCat("the token of ", found->name(), " expired at ",
                     absl::FormatTime("%Y-%m-%d %H:%M UTC", absl::FromUnixMillis(found->expires_unix_ms()),
                                      absl::UTCTimeZone()),
                     "; ask who runs the coordinator for a new one (`bonsai cert token`)"));
  }
  return found;
}

Token::Role ParseRole(absl::string_view text) {
  Token::Role role = Token::ROLE_UNSPECIFIED;
  if (!Token::Role_Parse(absl::AsciiStrToUpper(text), &role)) return Token::ROLE_UNSPECIFIED;
  return role;
}

}  // namespace bonsai
