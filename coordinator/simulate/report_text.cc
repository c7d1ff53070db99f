#include "coordinator/simulate/report_text.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace bonsai {
namespace {

using Row = std::vector<std::string>;

std::string Span(double seconds) {
  if (seconds < 10) return absl::StrFormat("%.1fs", seconds);
  return absl::FormatDuration(absl::Seconds(static_cast<int64_t>(seconds + 0.5)));
}

std::string Percent(double part) { return absl::StrFormat("%.1f%%", 100 * part); }

// The first column to the left, the others to the right.
std::string Table(const std::vector<Row>& rows) {
  std::vector<size_t> widths(rows[0].size(), 0);
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - row[i].size(), ' ');
      absl::StrAppend(&text, i == 0 ? row[i] + padding : absl::StrCat("  ", padding, row[i]));
    }
    text += "\n";
  }
  return text;
}

Row RowOf(const v1::SimulationReport::Group& group) {
  return {group.name(),
          absl::StrCat(group.submitted()),
          absl::StrCat(group.done()),
          Span(group.wait_mean_seconds()),
          Span(group.wait_p50_seconds()),
          Span(group.wait_p95_seconds()),
          Span(group.wait_max_seconds()),
          absl::StrCat(group.preemptions()),
          absl::StrFormat("%.1f", group.cpu_hours()),
          absl::StrFormat("%.1f", group.gpu_hours()),
          absl::StrFormat("%.1f", group.lost_cpu_hours())};
}

Row HeadOf(const std::string& first) {
  return {first, "jobs",      "done",  "wait mean", "p50",       "p95",
          "max", "preempted", "cpu h", "gpu h",     "lost cpu h"};
}

}  // namespace

std::string ReportText(const v1::SimulationReport& report) {
  std::string text = absl::StrFormat(
      "%.1f hours simulated: %d jobs submitted, %d done, %d not finished\n"
      "cpus in use %s, gpus in use %s; %d preemptions, %.1f cpu hours lost to them; Jain's fairness index "
      "%.3f\n",
      report.simulated_hours(), report.submitted(), report.done(), report.unfinished(),
      Percent(report.cpu_utilisation()), Percent(report.gpu_utilisation()), report.preemptions(),
      report.lost_cpu_hours(), report.jain_index());
  std::vector<Row> tenants = {HeadOf("tenant")};
  tenants[0].insert(tenants[0].end(), {"share got", "due"});
  for (const v1::SimulationReport::Group& tenant : report.tenants()) {
    Row row = RowOf(tenant);
    const bool waited = tenant.share_due() > 0;
    row.push_back(waited ? Percent(tenant.share_got()) : "-");
    row.push_back(waited ? Percent(tenant.share_due()) : "-");
    tenants.push_back(std::move(row));
  }
  std::vector<Row> queues = {HeadOf("queue")};
  for (const v1::SimulationReport::Group& queue : report.queues()) queues.push_back(RowOf(queue));
  absl::StrAppend(&text, "\n", Table(tenants), "\n", Table(queues));
  uint64_t refused = 0;
  for (const v1::SimulationReport::Group& tenant : report.tenants()) refused += tenant.refused();
  if (refused > 0) absl::StrAppend(&text, "\n", refused, " jobs were refused by a quota or a bound\n");
  if (report.unstarted_size() > 0) absl::StrAppend(&text, "\nnever started, among others:\n");
  for (const std::string& line : report.unstarted()) absl::StrAppend(&text, "  ", line, "\n");
  return text;
}

}  // namespace bonsai
