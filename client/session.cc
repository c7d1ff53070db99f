#include "client/session.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/credential_files.h"

namespace bonsai {

bool Interrupted(const Session& session) {
  return session.interrupted != nullptr && session.interrupted->load();
}

namespace {

absl::StatusOr<std::string> FindAddress(const Session& session) {
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

// What the session names, completed from the folder; empty if it names nothing.
v1::SecurityConfig FindSecurity(const Session& session) {
  std::string folder = session.credentials;
  if (folder.empty() && session.coordinator.empty()) {
    folder = CredentialsFolder(session.dir);
    std::error_code error;
    if (!std::filesystem::exists(folder + "/" + kTokenFile, error)) folder.clear();
  }
  v1::SecurityConfig security = session.security;
  if (!folder.empty()) {
    security = ClientFiles(folder);
    security.MergeFrom(session.security);
  }
  return security;
}

}  // namespace

absl::StatusOr<CoordinatorTarget> CoordinatorAddress(const Session& session) {
  absl::StatusOr<std::string> address = FindAddress(session);
  if (!address.ok()) return address.status();
  CoordinatorTarget target(*std::move(address));
  const v1::SecurityConfig security = FindSecurity(session);
  if (!WantsSecurity(security)) return target;
  absl::StatusOr<Credentials> credentials = LoadCallerCredentials(security, absl::Now());
  if (!credentials.ok()) return credentials.status();
  target.credentials = *std::move(credentials);
  return target;
}

int ReportStatus(const absl::Status& status, Session& session) {
  if (status.ok()) return kExitOk;
  if (absl::IsCancelled(status) && Interrupted(session)) return kExitInterrupted;
  session.err << "bonsai: " << std::string(status.message()) << "\n";
  return absl::IsUnavailable(status) ? kExitUnreachable : kExitRefused;
}

}  // namespace bonsai
