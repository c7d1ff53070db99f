// Follows a pipeline until it has ended: draws it on a terminal, writes lines elsewhere, JSON lines with
// --json; finds the coordinator again after it was away.
//
// Called by `watch` and `submit --watch`. Blocks; starts one thread that reads the stream.
#ifndef BONSAI_CLIENT_PIPELINE_WATCH_H_
#define BONSAI_CLIENT_PIPELINE_WATCH_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/session.h"

namespace bonsai {

struct WatchOptions {
  // How long a coordinator that answered once may be away.
  absl::Duration away_max = absl::Minutes(5);
  absl::Duration retry_interval = absl::Milliseconds(500);
  absl::Duration redraw_interval = absl::Milliseconds(200);
};

// The exit code: kExitOk if every job is done, kExitJobFailed if one failed or was cancelled,
// kExitInterrupted. Errors: NotFound (no such pipeline); Unavailable (no coordinator at first, or away for
// too long).
absl::StatusOr<int> WatchPipeline(const std::string& pipeline_id, Session& session,
                                  const WatchOptions& options = {});

}  // namespace bonsai

#endif  // BONSAI_CLIENT_PIPELINE_WATCH_H_
