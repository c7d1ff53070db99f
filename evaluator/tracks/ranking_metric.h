// The figures that a track names, by which it ranks its rows, and where to find them. Called by the track
// rules (they must be there) and the leaderboard (which sorts by them). Pure functions over messages.
#ifndef BONSAI_EVALUATOR_TRACKS_RANKING_METRIC_H_
#define BONSAI_EVALUATOR_TRACKS_RANKING_METRIC_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/report.pb.h"
#include "google/protobuf/repeated_field.h"

namespace bonsai {

using SuiteResults = google::protobuf::RepeatedPtrField<v1::SuiteResult>;
using BenchmarkReports = google::protobuf::RepeatedPtrField<v1::BenchmarkReport>;

// Rankings that are composed of a track's tasks (task_scores.h) and not found in one report.
inline constexpr absl::string_view kPoints = "points";
inline constexpr absl::string_view kGeometricMean = "geometric_mean";

// A metric is "<suite>/<metric>", or "<suite>@<profile>/<metric>" where it must be by the rules of a profile
// ("bbh@opencompass/acc"), or "benchmark/<target>/<figure>" with one of the figures decode_tokens_per_second,
// prefill_tokens_per_second (both the mean), peak_memory_bytes, bundle_bytes. A suite's name may hold a '/'
// itself: "bbh/word_sorting/acc". InvalidArgument says which part is not understood.
absl::Status CheckMetricName(absl::string_view name);

// The figure, if it was measured and is a finite number. Where several reports hold it, the first one that
// does counts. What an emulated device gave is not measured, but for the size of its bundle.
std::optional<double> FindRankingValue(absl::string_view name, const SuiteResults& suites,
                                       const BenchmarkReports& benchmarks);

// The result that holds the metric "<suite>/<metric>", as FindRankingValue finds it, and the metric in it;
// both null if there is none. Of a benchmark there is none.
struct FoundMetric {
  const v1::SuiteResult* suite = nullptr;
  const v1::MetricResult* metric = nullptr;
};
FoundMetric FindMetric(absl::string_view name, const SuiteResults& suites);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_TRACKS_RANKING_METRIC_H_
