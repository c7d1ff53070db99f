#include "coordinator/web/figures.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace bonsai {
namespace {

// `value` in the largest of `units` (each `step` of the one before) in which it is at least 1.
std::string Scaled(double value, double step, std::initializer_list<const char*> units) {
  const char* unit = *units.begin();
  for (const char* larger : units) {
    if (larger == unit) continue;
    // 999.95 would print as "1000".
    if (value < step * 0.9995) break;
    value /= step;
    unit = larger;
  }
  const bool exact = unit == *units.begin();
  std::string digits = exact ? absl::StrFormat("%.0f", value) : absl::StrFormat("%.3g", value);
  return *unit == '\0' ? digits : absl::StrCat(digits, " ", unit);
}

}  // namespace

std::string FormatFigure(double value) {
  const double size = std::fabs(value);
  if (!std::isfinite(value) || size >= 1e9) return absl::StrFormat("%.4g", value);
  if (size >= 1000 || value == std::floor(value)) return absl::StrFormat("%.0f", value);
  if (size < 0.001) return absl::StrFormat("%.3g", value);
  return absl::StrFormat("%.*f", size >= 100 ? 1 : size >= 10 ? 2 : 4, value);
}

std::string FormatPoints(double points) { return absl::StrFormat("%.4g", points); }

std::string FormatCount(uint64_t count) {
  return Scaled(static_cast<double>(count), 1000, {"", "K", "M", "B", "T"});
}

std::string FormatBytes(uint64_t bytes) {
  return Scaled(static_cast<double>(bytes), 1024, {"B", "KiB", "MiB", "GiB", "TiB"});
}

std::string FormatTime(int64_t unix_ms) {
  if (unix_ms == 0) return "";
  return absl::FormatTime("%Y-%m-%d %H:%M", absl::FromUnixMillis(unix_ms), absl::UTCTimeZone());
}

std::string DurationText(absl::Duration duration) {
  const double seconds = std::max(0.0, absl::ToDoubleSeconds(duration));
  if (!std::isfinite(seconds)) return "not known";
  if (seconds < 90) return absl::StrFormat("%.0f s", seconds);
  if (seconds < 5400) return absl::StrFormat("%.0f min", seconds / 60);
  if (seconds < 172800) return absl::StrFormat("%.1f h", seconds / 3600);
  return absl::StrFormat("%.0f days", seconds / 86400);
}

std::string ShortId(absl::string_view id) { return std::string(id.substr(0, 12)); }

}  // namespace bonsai
