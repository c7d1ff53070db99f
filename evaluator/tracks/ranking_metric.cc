#include "evaluator/tracks/ranking_metric.h"

#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace bonsai {
namespace {

constexpr absl::string_view kFigures[] = {"decode_tokens_per_second", "prefill_tokens_per_second",
                                          "peak_memory_bytes", "bundle_bytes"};

std::optional<double> BenchmarkFigure(absl::string_view figure, const v1::BenchmarkReport& report) {
  if (figure == "decode_tokens_per_second") {
    if (!report.has_decode_tokens_per_second()) return std::nullopt;
    return report.decode_tokens_per_second().mean();
  }
  if (figure == "prefill_tokens_per_second") {
    if (!report.has_prefill_tokens_per_second()) return std::nullopt;
    return report.prefill_tokens_per_second().mean();
  }
  if (figure == "peak_memory_bytes") {
    if (!report.has_peak_memory_bytes()) return std::nullopt;
    return static_cast<double>(report.peak_memory_bytes());
  }
  if (figure == "bundle_bytes" && report.bundle_bytes() > 0)
    return static_cast<double>(report.bundle_bytes());
  return std::nullopt;
}

std::optional<double> SuiteMetric(absl::string_view suite, absl::string_view metric,
                                  const SuiteResults& suites) {
  for (const v1::SuiteResult& result : suites) {
    if (result.suite() != suite) continue;
    for (const v1::MetricResult& candidate : result.metrics()) {
      if (candidate.name() == metric && std::isfinite(candidate.value())) return candidate.value();
    }
  }
  return std::nullopt;
}

}  // namespace

absl::Status CheckRankingMetricName(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  for (absl::string_view part : parts) {
    if (part.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("ranking_metric \"", name, "\" is not suite/metric"));
    }
  }
  if (parts[0] != "benchmark") {
    if (parts.size() == 2) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("ranking_metric \"", name, "\" is not suite/metric"));
  }
  if (parts.size() == 3) {
    for (absl::string_view figure : kFigures) {
      if (parts[2] == figure) return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("ranking_metric \"", name, "\" is not benchmark/<target>/<figure> with a figure of ",
                   "decode_tokens_per_second, prefill_tokens_per_second, peak_memory_bytes, bundle_bytes"));
}

std::optional<double> FindRankingValue(absl::string_view name, const SuiteResults& suites,
                                       const BenchmarkReports& benchmarks) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.size() == 2) return SuiteMetric(parts[0], parts[1], suites);
  if (parts.size() != 3 || parts[0] != "benchmark") return std::nullopt;
  for (const v1::BenchmarkReport& report : benchmarks) {
    if (report.target() != parts[1]) continue;
    const std::optional<double> value = BenchmarkFigure(parts[2], report);
    if (value.has_value() && std::isfinite(*value)) return value;
  }
  return std::nullopt;
}

}  // namespace bonsai
