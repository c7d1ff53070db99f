// What a call to the coordinator came to, in words for the person who made it.
//
// Used by CoordinatorClient. Any thread.
#ifndef BONSAI_CLIENT_CALL_STATUS_H_
#define BONSAI_CLIENT_CALL_STATUS_H_

#include <grpcpp/support/status.h>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "security/credentials.h"

namespace bonsai {

// `status` of a call to `address`, made with `credentials`. Unavailable where nothing answered: then the
// handshake is tried once more, to say what is wrong with it.
absl::Status CallStatus(const grpc::Status& status, const std::string& address,
                        const std::optional<Credentials>& credentials);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_CALL_STATUS_H_
