#include "worker/train/figure_text.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace bonsai {
namespace {

std::string MinutesAnd(uint64_t big, const char* big_name, uint64_t small, const char* small_name) {
  return absl::StrFormat("%d %s %02d %s", big, big_name, small, small_name);
}

}  // namespace

std::string SecondsText(double seconds) {
  if (!(seconds >= 0)) return "-";
  if (seconds < 10) return absl::StrFormat("%.1f s", seconds);
  const auto whole = static_cast<uint64_t>(std::lround(seconds));
  if (whole < 60) return absl::StrCat(whole, " s");
  if (whole < 3600) return MinutesAnd(whole / 60, "min", whole % 60, "s");
  if (whole < 86400) return MinutesAnd(whole / 3600, "h", whole % 3600 / 60, "min");
  return MinutesAnd(whole / 86400, "d", whole % 86400 / 3600, "h");
}

std::string CountText(double count) {
  const char* const units[] = {"", " k", " M", " G", " T", " P", " E", " Z"};
  size_t unit = 0;
  while (std::fabs(count) >= 999.5 && unit + 1 < std::size(units)) {
    count /= 1000;
    ++unit;
  }
  const int digits = unit == 0 || count >= 99.95 ? 0 : count >= 9.995 ? 1 : 2;
  return absl::StrCat(absl::StrFormat("%.*f", digits, count), units[unit]);
}

std::string BytesText(double bytes) {
  if (bytes >= 1024.0 * 1024 * 1024) return absl::StrFormat("%.2f GiB", bytes / (1024.0 * 1024 * 1024));
  return absl::StrFormat("%.1f MiB", bytes / (1024.0 * 1024));
}

}  // namespace bonsai
