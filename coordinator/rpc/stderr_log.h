// The coordinator's log: one line on stderr for each event worth knowing, as proto/log_line.h describes it.
// Under systemd or in a container, stderr is where logs are looked for.
//
// Safe to call from any thread; a line is written at once and whole.
#ifndef BONSAI_COORDINATOR_RPC_STDERR_LOG_H_
#define BONSAI_COORDINATOR_RPC_STDERR_LOG_H_

#include <cstdio>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "proto/log_line.h"

namespace bonsai {

inline void LogLine(absl::string_view text, const LogSubject& subject = {}) {
  const std::string line = FormatLogLine(absl::Now(), "coordinator", text, subject) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_STDERR_LOG_H_
