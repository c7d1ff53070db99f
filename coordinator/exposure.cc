#include "coordinator/exposure.h"

#include "absl/strings/str_cat.h"
#include "coordinator/rpc/rpc_server.h"

namespace bonsai {

absl::Status CheckExposure(const v1::CoordinatorConfig& config) {
  if (!IsLoopback(config.metrics_address())) {
    return absl::FailedPreconditionError(absl::StrCat(
        "metrics_address: \"", config.metrics_address(),
        "\" can be reached from other machines, and pages and metrics are for this machine alone; listen on "
        "127.0.0.1, and let a Prometheus agent or a proxy of yours on this machine pass them on"));
  }
  if (IsLoopback(config.listen_address()) || config.has_security()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("listen_address: \"", config.listen_address(),
                   "\" can be reached from other machines; that takes certificates and tokens. `bonsai cert "
                   "init`, `bonsai cert "
                   "server --host NAME` and `bonsai cert token NAME --role admin` make them; name the files "
                   "in `security { "
                   "certificate_file key_file ca_file tokens_file }`. Or listen on 127.0.0.1"));
}

}  // namespace bonsai
