#include "coordinator/rpc/grpc_call.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace bonsai {
namespace {

// gRPC refuses headers over 8 KiB, and a newline or a byte that is not ASCII takes three there.
constexpr size_t kMessageBytesMax = 2500;

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  std::string message(status.message());
  if (message.size() > kMessageBytesMax) {
    size_t cut = kMessageBytesMax;
    while (cut > 0 && (static_cast<unsigned char>(message[cut]) & 0xC0) == 0x80)
      --cut;  // not within a character
    message = absl::StrCat(message.substr(0, cut), "\n... (", message.size() - cut, " more bytes)");
  }
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), message);
}

grpc::Status RunCall(Metrics* metrics, const char* method, const std::function<absl::Status()>& call) {
  const absl::Time start = absl::Now();
  const absl::Status status = call();
  metrics->ObserveRpc(method, absl::StatusCodeToString(status.code()), absl::Now() - start);
  return ToGrpcStatus(status);
}

}  // namespace bonsai
