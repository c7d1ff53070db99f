// Finds out why a TLS connection does not come about. gRPC says only that a handshake failed; this does one
// by itself, without a call, and says what is wrong with whose certificate, and what to do about it.
//
// Called by clients and workers after a connection failed. Blocks for at most a few seconds; safe from any
// thread.
#ifndef BONSAI_SECURITY_HANDSHAKE_H_
#define BONSAI_SECURITY_HANDSHAKE_H_

#include <string>

#include "absl/status/status.h"
#include "security/credentials.h"

namespace bonsai {

// OK: the handshake succeeds, or nothing answers at the address at all, so that TLS is not what is wrong.
// Unauthenticated: what is wrong, for people. `credentials` may be nullptr: a caller without any.
absl::Status DiagnoseHandshake(const std::string& address, const Credentials* credentials);

}  // namespace bonsai

#endif  // BONSAI_SECURITY_HANDSHAKE_H_
