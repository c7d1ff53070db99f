#include "worker/agent/meeting_place.h"

#include <unistd.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "runner/rendezvous_frame.h"
#include "worker/agent/agent_log.h"

namespace bonsai {
namespace {

std::string DrawSecret() {
  std::random_device random;
  return absl::StrFormat("%08x%08x%08x%08x", random(), random(), random(), random());
}

absl::StatusOr<std::unique_ptr<RendezvousServer>> StartTowards(const std::string& coordinator_address) {
  const size_t colon = coordinator_address.rfind(':');
  if (colon == std::string::npos) return absl::UnavailableError("the coordinator's address has no port");
  absl::StatusOr<int> fd =
      ConnectTo(coordinator_address.substr(0, colon), coordinator_address.substr(colon + 1));
  if (!fd.ok()) return fd.status();
  absl::StatusOr<std::string> host = OwnHost(*fd);
  close(*fd);
  if (!host.ok()) return host.status();
  return RendezvousServer::Start(*host, DrawSecret());
}

}  // namespace

std::string MeetingPlace::AddressTowards(const absl::StatusOr<std::string>& coordinator_address) {
  if (server_ != nullptr) return server_->address();
  if (!coordinator_address.ok()) return "";
  absl::StatusOr<std::unique_ptr<RendezvousServer>> started = StartTowards(*coordinator_address);
  if (started.ok()) {
    server_ = *std::move(started);
    return server_->address();
  }
  std::string failure(started.status().message());
  // That nobody listens there yet is said by the call that follows.
  if (failure != last_failure_) AgentLog(absl::StrCat("no place for gangs to meet: ", failure));
  last_failure_ = std::move(failure);
  return "";
}

}  // namespace bonsai
