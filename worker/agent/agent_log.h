// One line of the worker's own log, on stderr, as proto/log_line.h describes it. Safe from any thread.
#ifndef BONSAI_WORKER_AGENT_AGENT_LOG_H_
#define BONSAI_WORKER_AGENT_AGENT_LOG_H_

#include <cstdio>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "proto/log_line.h"

namespace bonsai {

inline void AgentLog(absl::string_view line, const LogSubject& subject = {}) {
  const std::string whole = FormatLogLine(absl::Now(), "worker", line, subject) + "\n";
  std::fwrite(whole.data(), 1, whole.size(), stderr);
}

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_AGENT_LOG_H_
