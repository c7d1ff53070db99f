#include "client/figures.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace bonsai {
namespace {

// The text of what is not a number; empty for numbers.
std::string NotFinite(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  return "";
}

}  // namespace

std::string FormatCount(uint64_t count) {
  const std::string digits = absl::StrCat(count);
  std::string grouped;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) grouped += ',';
    grouped += digits[i];
  }
  return grouped;
}

std::string FormatBytes(uint64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  const char* const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  int unit = 0;
  // 1023.95 would round to "1024.0": the next unit says it better.
  while (value >= 1023.95 && unit < 5) {
    value /= 1024;
    ++unit;
  }
  return absl::StrFormat("%.1f %s", value, units[unit]);
}

std::string FormatSeconds(double seconds) {
  if (const std::string text = NotFinite(seconds); !text.empty()) return text;
  if (seconds < 0) seconds = 0;
  if (seconds < 9.95) return absl::StrFormat("%.1fs", seconds);
  if (seconds > 1e9) return "years";
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 60) return absl::StrCat(whole, "s");
  if (whole < 3600) return absl::StrFormat("%dm%02ds", whole / 60, whole % 60);
  if (whole < 86400) return absl::StrFormat("%dh%02dm", whole / 3600, whole / 60 % 60);
  return absl::StrFormat("%dd%02dh", whole / 86400, whole / 3600 % 24);
}

std::string FormatRate(double rate) {
  if (const std::string text = NotFinite(rate); !text.empty()) return text;
  const double size = std::fabs(rate);
  if (size < 9.995) return absl::StrFormat("%.2f", rate);
  if (size < 99.95) return absl::StrFormat("%.1f", rate);
  if (size < 9999.5) return absl::StrFormat("%.0f", rate);
  if (size < 999950) return absl::StrFormat("%.1fk", rate / 1e3);
  return absl::StrFormat("%.1fM", rate / 1e6);
}

std::string FormatValue(double value) {
  if (const std::string text = NotFinite(value); !text.empty()) return text;
  const double size = std::fabs(value);
  if (size != 0 && (size < 1e-4 || size >= 1e9)) return absl::StrFormat("%.1e", value);
  if (size >= 999.95) return absl::StrFormat("%.0f", value);
  if (size >= 99.995) return absl::StrFormat("%.1f", value);
  if (size >= 9.9995) return absl::StrFormat("%.2f", value);
  if (size != 0 && size < 0.01) return absl::StrFormat("%.6f", value);
  if (size < 0.99995) return absl::StrFormat("%.4f", value);
  return absl::StrFormat("%.3f", value);
}

}  // namespace bonsai
