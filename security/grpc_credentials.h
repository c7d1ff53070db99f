// Credentials as gRPC takes them: TLS both ways.
//
// Called by who serves and who dials. Functions without state; safe from any thread.
#ifndef BONSAI_SECURITY_GRPC_CREDENTIALS_H_
#define BONSAI_SECURITY_GRPC_CREDENTIALS_H_

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "security/credentials.h"

namespace bonsai {

// Callers without a certificate of the authority do not get as far as a call.
std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const Credentials& credentials);

// Shows the certificate, and the token with every call. With a token that is empty, none is sent (tests).
std::shared_ptr<grpc::ChannelCredentials> MakeChannelCredentials(const Credentials& credentials);

}  // namespace bonsai

#endif  // BONSAI_SECURITY_GRPC_CREDENTIALS_H_
