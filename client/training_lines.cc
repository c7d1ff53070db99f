#include "client/training_lines.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "client/figures.h"
#include "client/text_layout.h"

namespace bonsai {
namespace {

constexpr size_t kCurveColumnsMax = 64;
constexpr size_t kCurveRows = 3;

std::optional<double> ValueOf(const v1::Sample& sample, absl::string_view name) {
  for (const v1::Metric& metric : sample.metrics()) {
    if (metric.name() == name) return metric.value();
  }
  return std::nullopt;
}

std::string Percent(double share) { return absl::StrFormat("%.1f%%", 100 * share); }

std::string Bytes(double bytes) {
  return std::isfinite(bytes) && bytes >= 0 && bytes < 1e18 ? FormatBytes(static_cast<uint64_t>(bytes))
                                                            : FormatValue(bytes);
}

}  // namespace

std::vector<std::string> TrainingParts(const v1::Sample& sample) {
  if (!ValueOf(sample, "loss") || !ValueOf(sample, "tokens_per_second")) return {};
  std::vector<std::string> parts;
  using Text = std::string (*)(double);
  const struct {
    const char* metric;
    const char* name;
    Text text;
  } rows[] = {
      {"validation_loss", "validation", FormatValue},
      {"best_validation_loss", "best", FormatValue},
      {"grad_norm", "gradient", FormatValue},
      {"model_flops_utilization", "MFU", Percent},
      {"data_wait_share", "data wait", Percent},
      {"checkpoint_stall_share", "stall", Percent},
      {"memory_bytes", "memory", Bytes},
      {"updates_skipped", "updates left out", FormatValue},
      {"rewinds", "gone back", FormatValue},
  };
  for (const auto& row : rows) {
    if (const auto value = ValueOf(sample, row.metric)) {
      parts.push_back(absl::StrCat(row.name, " ", row.text(*value)));
    }
  }
  return parts;
}

std::vector<std::string> TrainingLines(const v1::Sample& sample, const LossCurve* curve, size_t room,
                                       const Screen& screen) {
  std::vector<std::string> parts = TrainingParts(sample);
  if (parts.empty()) return {};
  // Whole figures only: the last ones go where there is no room for them.
  while (parts.size() > 1 && DisplayWidth(absl::StrJoin(parts, "  ")) > room) parts.pop_back();
  std::vector<std::string> lines = {CutToWidth(absl::StrJoin(parts, "  "), room)};
  if (curve == nullptr || !screen.unicode) return lines;
  for (std::string& line : curve->Render(std::min(room, kCurveColumnsMax), kCurveRows)) {
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace bonsai
