#include "client/session.h"

#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace bonsai {

bool Interrupted(const Session& session) {
  return session.interrupted != nullptr && session.interrupted->load();
}

absl::StatusOr<std::string> CoordinatorAddress(const Session& session) {
  if (!session.coordinator.empty()) return session.coordinator;
  std::ifstream file(session.dir + "/address");
  std::string address;
  std::getline(file, address);
  address = std::string(absl::StripAsciiWhitespace(address));
  if (address.empty()) {
    return absl::UnavailableError(
        absl::StrCat("no cluster runs in ", session.dir,
                     "; start one with `bonsai up`, or name one with --dir or --coordinator"));
  }
  return address;
}

int ReportStatus(const absl::Status& status, Session& session) {
  if (status.ok()) return kExitOk;
  if (absl::IsCancelled(status) && Interrupted(session)) return kExitInterrupted;
  session.err << "bonsai: " << std::string(status.message()) << "\n";
  return absl::IsUnavailable(status) ? kExitUnreachable : kExitRefused;
}

}  // namespace bonsai
