// One line of the worker's own log, on stderr. Safe from any thread.
#ifndef BONSAI_WORKER_AGENT_AGENT_LOG_H_
#define BONSAI_WORKER_AGENT_AGENT_LOG_H_

#include <cstdio>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace bonsai {

inline void AgentLog(absl::string_view line) {
  std::string time = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone());
  fprintf(stderr, "%s bonsai-worker: %s\n", time.c_str(), std::string(line).c_str());
}

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_AGENT_LOG_H_
