#include "proto/log_line.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

bool StandsAlone(absl::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](unsigned char c) {
    return c > ' ' && c != '"' && c != '=' && c != '\\' && c != 0x7f;
  });
}

// Bytes beyond ASCII stay: they are UTF-8.
void AppendQuoted(absl::string_view value, std::string& line) {
  line += '"';
  for (const char character : value) {
    const auto c = static_cast<unsigned char>(character);
    if (c == '"' || c == '\\') {
      line += '\\';
      line += character;
    } else if (c == '\n') {
      line += "\\n";
    } else if (c == '\t') {
      line += "\\t";
    } else if (c < ' ' || c == 0x7f) {
      absl::StrAppend(&line, "\\x", absl::Hex(c, absl::kZeroPad2));
    } else {
      line += character;
    }
  }
  line += '"';
}

void Append(absl::string_view key, absl::string_view value, std::string& line) {
  absl::StrAppend(&line, " ", key, "=");
  if (StandsAlone(value)) {
    absl::StrAppend(&line, value);
  } else {
    AppendQuoted(value, line);
  }
}

}  // namespace

std::string FormatLogLine(absl::Time time, absl::string_view source, absl::string_view message,
                          const LogSubject& subject) {
  std::string line =
      absl::StrCat("time=", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone()));
  Append("level", subject.level, line);
  Append("source", source, line);
  if (!subject.job.empty()) Append("job", subject.job, line);
  if (subject.attempt > 0) Append("attempt", absl::StrCat(subject.attempt), line);
  if (subject.rank) Append("rank", absl::StrCat(*subject.rank), line);
  if (!subject.worker.empty()) Append("worker", subject.worker, line);
  Append("msg", message, line);
  return line;
}

}  // namespace bonsai
