#include "client/call_status.h"

#include <grpcpp/grpcpp.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "security/handshake.h"

namespace bonsai {
namespace {

// "failed to connect to all addresses; last error: UNKNOWN: ipv4:...: Connection refused": its last part says
// it all.
std::string LastPart(const std::string& message) {
  const size_t colon = message.rfind(": ");
  return colon == std::string::npos ? message : message.substr(colon + 2);
}

}  // namespace

absl::Status CallStatus(const grpc::Status& status, const std::string& address,
                        const std::optional<Credentials>& credentials) {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      if (absl::Status shaken = DiagnoseHandshake(address, credentials ? &*credentials : nullptr);
          !shaken.ok()) {
        return shaken;
      }
      return absl::UnavailableError(absl::StrCat("no coordinator at ", address, " (",
                                                 LastPart(status.error_message()),
                                                 "); start one with `bonsai up`"));
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return absl::UnavailableError(absl::StrCat("the coordinator at ", address, " did not answer in time"));
    case grpc::StatusCode::UNIMPLEMENTED:
      return absl::UnimplementedError(
          absl::StrCat("what answers at ", address,
                       " does not know this call: no coordinator, or one of another version (",
                       status.error_message(), ")"));
    default:
      return absl::Status(
          code, status.error_message().empty() ? absl::StatusCodeToString(code) : status.error_message());
  }
}

}  // namespace bonsai
