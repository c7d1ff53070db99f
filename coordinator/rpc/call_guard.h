// Who calls, and whether he may: the one place that every call to a coordinator with tokens passes, those of
// reflection and health and of methods that do not exist too. gRPC asks it before a call reaches its method.
//
// Safe to call from any thread.
#ifndef BONSAI_COORDINATOR_RPC_CALL_GUARD_H_
#define BONSAI_COORDINATOR_RPC_CALL_GUARD_H_

#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/server_context.h>

#include <functional>
#include <map>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "coordinator/rpc/token_registry.h"
#include "coordinator/scheduler/scheduler.h"
#include "coordinator/web/metrics.h"

namespace bonsai {

class CallGuard final : public grpc::AuthMetadataProcessor {
 public:
  // `metrics` must outlive this.
  CallGuard(std::unique_ptr<TokenRegistry> tokens, std::function<absl::Time()> clock, Metrics* metrics)
      : tokens_(std::move(tokens)), clock_(std::move(clock)), metrics_(metrics) {}

  // gRPC's: Unauthenticated without one valid token, PermissionDenied if it may not call the method.
  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext*, OutputMetadata*,
                       OutputMetadata*) override;
  // A hash and a few hundred comparisons: not worth a thread.
  bool IsBlocking() const override { return false; }

  // Of a call that passed. One whose token was taken away since then is nobody: a tenant without a name,
  // which has nothing.
  Actor ActorOf(const grpc::ServerContext& context) const;

 private:
  absl::StatusOr<v1::TokenList::Token> Identify(
      const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) const;

  const std::unique_ptr<TokenRegistry> tokens_;
  const std::function<absl::Time()> clock_;
  Metrics* const metrics_;
};

// The identity of a token. One that works may see every tenant's artifacts, which it needs and makes.
Actor ToActor(const v1::TokenList::Token& token);

// Of a caller of a coordinator without tokens (`guard` is nullptr), which only this machine reaches:
// everything.
Actor ActorOf(const CallGuard* guard, const grpc::ServerContext& context);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_CALL_GUARD_H_
