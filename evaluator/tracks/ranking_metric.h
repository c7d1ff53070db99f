// The figure by which a track ranks its rows, and where to find it. Called by the track rules (it must be
// there) and the leaderboard (which sorts by it). Pure functions over messages.
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

// A ranking metric is "<suite>/<metric>", or "benchmark/<target>/<figure>" with one of the figures
// decode_tokens_per_second, prefill_tokens_per_second (both the mean), peak_memory_bytes, bundle_bytes.
// InvalidArgument says which part is not understood.
absl::Status CheckRankingMetricName(absl::string_view name);

// The figure, if it was measured and is a finite number. Where several reports hold it, the first one that
// does counts.
std::optional<double> FindRankingValue(absl::string_view name, const SuiteResults& suites,
                                       const BenchmarkReports& benchmarks);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_TRACKS_RANKING_METRIC_H_
