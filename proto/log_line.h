// One line of a daemon's log, as logfmt: keys and values that people read and programs parse.
//
//   time=2026-11-21T04:06:01.123Z level=info source=coordinator job=p1/pretrain attempt=2 msg="starts on w1"
//
// `time` (UTC, to the millisecond), `level` (info, warning, error), `source` and `msg` are in every line;
// `job`, `attempt`, `rank` and `worker` where the event is about one. A value with a blank, a quote, '=' or a
// control character stands in quotes, with \" \\ \n \t and \xHH for what cannot stand there; so an event is
// always one line.
//
// Called by the coordinator's and the worker's logs. Pure.
#ifndef BONSAI_PROTO_LOG_LINE_H_
#define BONSAI_PROTO_LOG_LINE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace bonsai {

// What an event is about; what is empty is left out.
struct LogSubject {
  std::string job = {};
  uint32_t attempt = 0;
  std::optional<uint32_t> rank = {};
  std::string worker = {};
  absl::string_view level = "info";
};

// Without the line's end.
std::string FormatLogLine(absl::Time time, absl::string_view source, absl::string_view message,
                          const LogSubject& subject);

}  // namespace bonsai

#endif  // BONSAI_PROTO_LOG_LINE_H_
