// Prints a rank's log or samples, follows it over attempts, and finds the coordinator again after it was
// away.
//
// Called by the verb `logs`. Blocks; one thread.
#ifndef BONSAI_CLIENT_LOG_READING_H_
#define BONSAI_CLIENT_LOG_READING_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "client/session.h"

namespace bonsai {

struct LogsOptions {
  std::string job;
  bool follow = false;
  uint32_t attempt = 0;  // 0: the newest
  uint32_t rank = 0;
  bool samples = false;
};
// Returns an exit code. NotFound: no such job or attempt; Unavailable: no coordinator, or away for five
// minutes.
absl::StatusOr<int> RunLogs(const LogsOptions& options, Session& session);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_LOG_READING_H_
