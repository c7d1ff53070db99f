#include "coordinator/web/sample_series.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bonsai/v1/runner.pb.h"
#include "coordinator/web/figures.h"

namespace bonsai {
namespace {

// Longer than any sample of ours; a runner may write what it likes.
constexpr size_t kLineBytesMax = 64 << 10;
constexpr size_t kNameBytesMax = 100;

}  // namespace

bool SampleSeries::AddLine(absl::string_view line) {
  if (line.empty() || line.size() > kLineBytesMax) return false;
  v1::Sample sample;
  if (!google::protobuf::util::JsonStringToMessage({line.data(), line.size()}, &sample).ok()) return false;
  if (at_start_) steps_.erase(steps_.lower_bound(sample.step()), steps_.end());
  at_start_ = false;
  std::map<std::string, double>& figures = steps_[sample.step()];
  for (const v1::Metric& metric : sample.metrics()) {
    if (metric.name().empty() || metric.name().size() > kNameBytesMax || !std::isfinite(metric.value()))
      continue;
    if (metrics_.count(metric.name()) == 0) {
      if (metrics_.size() >= kSeriesMetricsMax) continue;
      metrics_.insert(metric.name());
    }
    figures[metric.name()] = metric.value();
  }
  return true;
}

Table SampleSeries::ToTable(absl::string_view job_id) const {
  Table table;
  table.id = "samples";
  table.caption = "Samples";
  table.none = "It has measured nothing yet.";
  table.csv = absl::StrCat("/api/v1/jobs/", job_id, "/samples.csv");
  table.json = absl::StrCat("/api/v1/jobs/", job_id, "/samples.json");
  table.columns.push_back({"step", "Step"});
  for (const std::string& metric : metrics_) table.columns.push_back({metric, metric});
  // Samples come at steady intervals, so every n-th of them is an even spread.
  const size_t stride = std::max<size_t>(1, (steps_.size() + kSeriesPointsMax - 3) / (kSeriesPointsMax - 1));
  size_t index = 0;
  for (const auto& [step, figures] : steps_) {
    const bool last = index + 1 == steps_.size();
    if (index++ % stride != 0 && !last) continue;
    Row row;
    row.cells.push_back(CountCell(step));
    for (const std::string& metric : metrics_) {
      const auto found = figures.find(metric);
      row.cells.push_back(found == figures.end() ? EmptyCell()
                                                 : NumberCell(found->second, FormatFigure(found->second)));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace bonsai
