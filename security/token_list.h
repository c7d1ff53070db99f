// The list of tokens that a coordinator accepts: a v1.TokenList in text format, checked. It holds the tokens'
// SHA-256, so the file gives nothing away that could be used.
//
// Read by the coordinator, written by `bonsai cert token`. Pure; safe from any thread.
#ifndef BONSAI_SECURITY_TOKEN_LIST_H_
#define BONSAI_SECURITY_TOKEN_LIST_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bonsai/v1/config.pb.h"

namespace bonsai {

inline constexpr size_t kTokenListBytesMax = 4 << 20;
inline constexpr int kTokensMax = 4096;

// Checks one entry. InvalidArgument names the field, the value and what would be valid.
absl::Status CheckToken(const v1::TokenList::Token& token);

// InvalidArgument: "<file>:<line>:<column>: ..." or "<file>: tokens[2].sha256: ..."; each hash once.
absl::StatusOr<v1::TokenList> ParseTokenList(absl::string_view file, absl::string_view text);

// The entry of the token. Takes as long for every token of a list, whether it is there or not: all hashes are
// compared, each in constant time. Unauthenticated: not there, or expired at `now`; says what to do. The
// result points into `list`.
absl::StatusOr<const v1::TokenList::Token*> FindToken(const v1::TokenList& list, absl::string_view token,
                                                      absl::Time now);

// SUBMIT of "submit" in any case; ROLE_UNSPECIFIED if it is none.
v1::TokenList::Token::Role ParseRole(absl::string_view text);

}  // namespace bonsai

#endif  // BONSAI_SECURITY_TOKEN_LIST_H_
