// The far end of a call that streams, as far as the code that fills it needs to know: write, and has the
// reader gone? The gRPC services make one over their writer; tests collect what is written.
#ifndef BONSAI_COORDINATOR_RPC_CALL_STREAM_H_
#define BONSAI_COORDINATOR_RPC_CALL_STREAM_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace bonsai {

// How long a waiting stream goes without asking whether its reader has gone.
inline constexpr absl::Duration kStreamPollInterval = absl::Milliseconds(250);

template <typename Response>
struct CallStream {
  std::function<bool(const Response&)> write;  // false: nobody reads any more
  std::function<bool()> cancelled;             // the reader left, or its deadline passed
  std::function<bool()> stopping;              // the coordinator is being shut down
};

inline absl::Status StreamCancelled() { return absl::CancelledError("the reader has gone"); }
inline absl::Status StreamStopping() {
  return absl::UnavailableError("the coordinator is stopping; call again when it is back");
}

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_CALL_STREAM_H_
