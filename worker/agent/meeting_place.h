// Where the ranks of gangs that share no folder find each other, if rank 0 is on this worker: a rendezvous
// server at the address of this machine that faces the coordinator, which other workers can be expected to
// reach.
//
// Owned by the Agent and used on the Synchronizer's thread.
#ifndef BONSAI_WORKER_AGENT_MEETING_PLACE_H_
#define BONSAI_WORKER_AGENT_MEETING_PLACE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "worker/agent/rendezvous_server.h"

namespace bonsai {

class MeetingPlace {
 public:
  // "host:port/secret" of the server, which is started when the coordinator is first reached; empty until
  // then.
  std::string AddressTowards(const absl::StatusOr<std::string>& coordinator_address);

 private:
  std::unique_ptr<RendezvousServer> server_;
  std::string last_failure_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_MEETING_PLACE_H_
