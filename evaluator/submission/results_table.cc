#include "evaluator/submission/results_table.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "evaluator/tracks/ranking_metric.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/util/delimited_message_util.h"

namespace bonsai {
namespace {

// RFC 4180.
std::string Cell(absl::string_view text) {
  if (text.find_first_of(",\"\r\n") == absl::string_view::npos) return std::string(text);
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

std::optional<double> FindPeakMemory(const v1::LeaderboardRow& row) {
  std::optional<double> largest;
  for (const v1::BenchmarkReport& report : row.benchmarks()) {
    if (report.emulated() || !report.has_peak_memory_bytes()) continue;
    largest = std::max(largest.value_or(0), static_cast<double>(report.peak_memory_bytes()));
  }
  return largest;
}

std::optional<double> FindColumn(const v1::Track& track, const std::string& column,
                                 const v1::LeaderboardRow& row) {
  for (const v1::Track::Task& task : track.tasks()) {
    if (task.name() == column) return FindRankingValue(task.metric(), row.suites(), row.benchmarks());
  }
  return column == "Memory-Usage" ? FindPeakMemory(row) : std::nullopt;
}

}  // namespace

ResultsTable MakeResultsTable(const v1::Track& track, const v1::LeaderboardRow& row) {
  ResultsTable table;
  std::vector<std::string> names, values;
  for (const std::string& column : track.results_columns()) {
    const std::optional<double> value = FindColumn(track, column, row);
    names.push_back(Cell(column));
    values.push_back(value.has_value() ? absl::StrFormat("%.15g", *value) : "");
    if (!value.has_value()) table.not_measured.push_back(column);
  }
  table.csv = absl::StrCat(absl::StrJoin(names, ","), "\n", absl::StrJoin(values, ","), "\n");
  return table;
}

absl::StatusOr<std::string> MakePredictionsTable(absl::string_view items) {
  google::protobuf::io::ArrayInputStream stream(items.data(), static_cast<int>(items.size()));
  std::string csv = "id,prediction,dummy_field\n";
  while (true) {
    v1::ItemResult item;
    bool ended = false;
    if (!google::protobuf::util::ParseDelimitedFromZeroCopyStream(&item, &stream, &ended)) {
      if (ended) return csv;
      return absl::DataLossError("not items of a suite: a message is cut off or none");
    }
    const auto& scores = item.loglikelihoods();
    const std::string prediction =
        scores.empty() ? item.response()
                       : absl::StrCat(std::max_element(scores.begin(), scores.end()) - scores.begin());
    absl::StrAppend(&csv, Cell(item.id()), ",", Cell(prediction), ",0\n");
  }
}

}  // namespace bonsai
