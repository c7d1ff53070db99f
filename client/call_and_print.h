// One call to the coordinator, and its answer printed: what most verbs are.
//
// Used by the verbs.
#ifndef BONSAI_CLIENT_CALL_AND_PRINT_H_
#define BONSAI_CLIENT_CALL_AND_PRINT_H_

#include <memory>
#include <ostream>

#include "absl/status/statusor.h"
#include "client/coordinator_client.h"
#include "client/json_output.h"
#include "client/session.h"

namespace bonsai {

inline absl::StatusOr<std::unique_ptr<CoordinatorClient>> Dial(const Session& session) {
  const auto address = CoordinatorAddress(session);
  if (!address.ok()) return address.status();
  return std::make_unique<CoordinatorClient>(*address);
}

// Dials, calls, and prints the answer: as JSON, or as `render` makes it.
template <typename Call, typename Render>
absl::StatusOr<int> CallAndPrint(Session& session, const Call& call, const Render& render) {
  auto client = Dial(session);
  if (!client.ok()) return client.status();
  const auto response = call(**client);
  if (!response.ok()) return response.status();
  session.out << (session.json ? ToJsonLine(*response) : render(*response)) << std::flush;
  return kExitOk;
}

}  // namespace bonsai

#endif  // BONSAI_CLIENT_CALL_AND_PRINT_H_
