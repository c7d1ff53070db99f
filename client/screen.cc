#include "client/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace bonsai {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool IsUtf8Locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string value = Environment(name);
    if (value.empty()) continue;
    const std::string lower = absl::AsciiStrToLower(value);
    return absl::StrContains(lower, "utf-8") || absl::StrContains(lower, "utf8");
  }
  return false;
}

}  // namespace

Screen DetectScreen(int fd) {
  Screen screen;
  const std::string term = Environment("TERM");
  screen.terminal = isatty(fd) != 0 && !term.empty() && term != "dumb";
  screen.colour = screen.terminal && Environment("NO_COLOR").empty();
  screen.unicode = IsUtf8Locale();
  winsize size{};
  uint32_t columns = 0;
  if (screen.terminal && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    screen.columns = size.ws_col;
    if (size.ws_row > 0) screen.rows = size.ws_row;
  } else if (absl::SimpleAtoi(Environment("COLUMNS"), &columns)) {
    screen.columns = columns;
  }
  screen.columns = std::clamp<size_t>(screen.columns, 40, 500);
  return screen;
}

}  // namespace bonsai
