// The coordinator's log: one line on stderr for each event worth knowing, with the time in UTC. Under systemd
// or in a container, stderr is where logs are looked for.
//
// Safe to call from any thread; a line is written at once and whole.
#ifndef BONSAI_COORDINATOR_RPC_STDERR_LOG_H_
#define BONSAI_COORDINATOR_RPC_STDERR_LOG_H_

#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace bonsai {

inline void LogLine(absl::string_view text) {
  const std::string line =
      absl::StrCat(absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone()), " ",
                   absl::StrReplaceAll(text, {{"\n", "\n    "}}), "\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_STDERR_LOG_H_
