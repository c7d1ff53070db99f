#include "evaluator/tracks/ranking_metric.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace bonsai {
namespace {

constexpr absl::string_view kFigures[] = {"decode_tokens_per_second", "prefill_tokens_per_second",
                                          "peak_memory_bytes", "bundle_bytes"};

std::optional<double> BenchmarkFigure(absl::string_view figure, const v1::BenchmarkReport& report) {
  if (figure == "bundle_bytes") {
    if (report.bundle_bytes() == 0) return std::nullopt;
    return static_cast<double>(report.bundle_bytes());
  }
  // An emulator's speed and memory are not the device's.
  if (report.emulated()) return std::nullopt;
  if (figure == "decode_tokens_per_second") {
    if (!report.has_decode_tokens_per_second()) return std::nullopt;
    return report.decode_tokens_per_second().mean();
  }
  if (figure == "prefill_tokens_per_second") {
    if (!report.has_prefill_tokens_per_second()) return std::nullopt;
    return report.prefill_tokens_per_second().mean();
  }
  if (figure == "peak_memory_bytes" && report.has_peak_memory_bytes())
    return static_cast<double>(report.peak_memory_bytes());
  return std::nullopt;
}

// Whether `wanted`, "suite" or "suite@profile", is this one. Profiles carry versions: "lmeval 0.4",
// "opencompass: 0.3.1".
bool IsSuite(absl::string_view wanted, const v1::SuiteResult& result) {
  if (result.suite() == wanted) return true;
  const size_t at = wanted.rfind('@');
  if (at == absl::string_view::npos || result.suite() != wanted.substr(0, at)) return false;
  const absl::string_view profile = wanted.substr(at + 1);
  return result.profile() == profile || absl::StartsWith(result.profile(), absl::StrCat(profile, " ")) ||
         absl::StartsWith(result.profile(), absl::StrCat(profile, ":"));
}

}  // namespace

absl::Status CheckMetricName(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  const bool whole = parts.size() >= 2 && std::none_of(parts.begin(), parts.end(),
                                                       [](absl::string_view part) { return part.empty(); });
  if (!whole) return absl::InvalidArgumentError(absl::StrCat("metric \"", name, "\" is not suite/metric"));
  if (parts[0] != "benchmark") return absl::OkStatus();
  const bool known = parts.size() == 3 &&
                     std::find(std::begin(kFigures), std::end(kFigures), parts[2]) != std::end(kFigures);
  if (known) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("metric \"", name,
                                                 "\" is not benchmark/<target>/<figure> with a figure of ",
                                                 absl::StrJoin(kFigures, ", ")));
}

FoundMetric FindMetric(absl::string_view name, const SuiteResults& suites) {
  const size_t slash = name.rfind('/');
  if (slash == absl::string_view::npos) return {};
  for (const v1::SuiteResult& result : suites) {
    if (!IsSuite(name.substr(0, slash), result)) continue;
    for (const v1::MetricResult& metric : result.metrics()) {
      if (metric.name() == name.substr(slash + 1) && std::isfinite(metric.value())) return {&result, &metric};
    }
  }
  return {};
}

std::optional<double> FindRankingValue(absl::string_view name, const SuiteResults& suites,
                                       const BenchmarkReports& benchmarks) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts[0] != "benchmark") {
    const v1::MetricResult* metric = FindMetric(name, suites).metric;
    return metric == nullptr ? std::nullopt : std::optional<double>(metric->value());
  }
  if (parts.size() != 3) return std::nullopt;
  for (const v1::BenchmarkReport& report : benchmarks) {
    if (report.target() != parts[1]) continue;
    const std::optional<double> value = BenchmarkFigure(parts[2], report);
    if (value.has_value() && std::isfinite(*value)) return value;
  }
  return std::nullopt;
}

}  // namespace bonsai
