#include "coordinator/rpc/call_guard.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "coordinator/rpc/grpc_call.h"
#include "coordinator/rpc/method_roles.h"
#include "coordinator/scheduler/tenancy.h"
#include "security/token.h"

namespace bonsai {
namespace {

using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;
using Token = v1::TokenList::Token;

constexpr char kPathKey[] = ":path";
// No token can name it.
constexpr char kNobodysTenant[] = "(nobody)";

absl::string_view View(grpc::string_ref text) { return {text.data(), text.size()}; }

bool HasRole(const Token& token, Token::Role role) {
  return std::find(token.roles().begin(), token.roles().end(), role) != token.roles().end();
}

std::string RoleNames(const Token& token) {
  std::string names;
  for (const int role : token.roles())
    absl::StrAppend(&names, names.empty() ? "" : ", ", Token::Role_Name(static_cast<Token::Role>(role)));
  return names;
}

}  // namespace

absl::StatusOr<Token> CallGuard::Identify(const Metadata& metadata) const {
  const auto [first, last] = metadata.equal_range(kAuthorizationKey);
  if (first == last) {
    return absl::UnauthenticatedError(
        "the call shows no token; name the file that holds yours with --credentials, BONSAI_TOKEN_FILE, or "
        "security.token_file");
  }
  if (std::next(first) != last)
    return absl::UnauthenticatedError("the call shows more than one authorization");
  absl::StatusOr<absl::string_view> token = ParseAuthorization(View(first->second));
  if (!token.ok()) return token.status();
  return tokens_->Find(*token, clock_());
}

grpc::Status CallGuard::Process(const InputMetadata& metadata, grpc::AuthContext*, OutputMetadata*,
                                OutputMetadata*) {
  absl::StatusOr<Token> token = Identify(metadata);
  absl::Status status = token.status();
  if (status.ok()) {
    const auto path = metadata.find(kPathKey);
    const absl::string_view method = path == metadata.end() ? "" : View(path->second);
    if (!MayCall(*token, method)) {
      status = absl::PermissionDeniedError(absl::StrCat(
          "the token of ", token->name(), " (", RoleNames(*token), ") may not call ", method.substr(0, 100)));
    }
  }
  if (!status.ok()) metrics_->CountRefusedCall(absl::StatusCodeToString(status.code()));
  return ToGrpcStatus(status);
}

Actor CallGuard::ActorOf(const grpc::ServerContext& context) const {
  absl::StatusOr<Token> token = Identify(context.client_metadata());
  if (!token.ok()) return Actor{"nobody", kNobodysTenant, false};
  return ToActor(*token);
}

Actor ToActor(const Token& token) {
  Actor actor;
  actor.name = token.name();
  actor.tenant = std::string(TenantOf(token.tenant()));
  actor.admin = HasRole(token, Token::ADMIN) || HasRole(token, Token::WORK);
  return actor;
}

Actor ActorOf(const CallGuard* guard, const grpc::ServerContext& context) {
  return guard == nullptr ? Actor() : guard->ActorOf(context);
}

}  // namespace bonsai
