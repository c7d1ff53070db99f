#include "client/loss_curve.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/figures.h"
#include "client/text_layout.h"

namespace bonsai {
namespace {

constexpr size_t kColumnsMin = 12;
constexpr size_t kDotRows = 4;  // of a character
// What is beyond is no loss: sums and differences of a curve's points must stay finite.
constexpr double kLossMax = 1e300;
// The bits of a braille character's dots, by column and by row from the top.
constexpr int kDots[2][kDotRows] = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};

std::string Braille(int dots) {
  const int code = 0x2800 + dots;
  const char bytes[] = {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3F)),
                        static_cast<char>(0x80 | (code & 0x3F))};
  return std::string(bytes, 3);
}

// Dots in a rectangle of characters.
class Canvas {
 public:
  Canvas(size_t columns, size_t rows) : columns_(columns), rows_(rows), dots_(columns * rows) {}

  size_t width() const { return 2 * columns_; }
  size_t height() const { return kDotRows * rows_; }

  void Set(size_t x, size_t y) { dots_[y / kDotRows * columns_ + x / 2] |= kDots[x % 2][y % kDotRows]; }
  std::string Row(size_t row) const {
    std::string text;
    for (size_t c = 0; c < columns_; ++c) text += Braille(dots_[row * columns_ + c]);
    return text;
  }

 private:
  const size_t columns_, rows_;
  std::vector<int> dots_;
};

const double* LossOf(const v1::Sample& sample, double& value) {
  for (const v1::Metric& metric : sample.metrics()) {
    if (metric.name() != "loss" || !(std::abs(metric.value()) < kLossMax)) continue;
    value = metric.value();
    return &value;
  }
  return nullptr;
}

}  // namespace

void LossCurve::Add(const v1::Sample& sample) {
  double loss = 0;
  if (LossOf(sample, loss) != nullptr) Add(sample.step(), loss);
}

void LossCurve::Add(uint64_t step, double loss) {
  while (!points_.empty() && points_.back().step >= step) points_.pop_back();
  if (points_.size() == kPointsMax) {
    size_t kept = 0;
    for (size_t i = 0; i < points_.size(); i += 2) points_[kept++] = points_[i];
    points_.resize(kept);
  }
  points_.push_back({step, loss});
}

void LossCurve::AddEarlier(absl::string_view lines) {
  const std::vector<Point> newer = std::move(points_);
  points_.clear();
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  for (absl::string_view line : absl::StrSplit(lines, '\n', absl::SkipEmpty())) {
    v1::Sample sample;
    if (google::protobuf::util::JsonStringToMessage(std::string(line), &sample, options).ok()) Add(sample);
  }
  for (const Point& point : newer) Add(point.step, point.loss);
}

std::vector<std::string> LossCurve::Render(size_t columns, size_t rows) const {
  if (!drawable() || columns < kColumnsMin || rows == 0) return {};
  const uint64_t first = points_.front().step, last = points_.back().step;
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const Point& point : points_) {
    low = std::min(low, point.loss);
    if (point.step - first >= (last - first) / 10) high = std::max(high, point.loss);
  }
  high = std::max(high, low);
  const std::string top = FormatValue(high), bottom = FormatValue(low);
  const size_t label = std::max(DisplayWidth(top), DisplayWidth(bottom));
  if (columns < label + 1 + kColumnsMin / 2) return {};
  Canvas canvas(columns - label - 1, rows);

  // The mean of the points in each column of dots; where there is none, the line goes on to the next.
  std::vector<double> sums(canvas.width()), counts(canvas.width());
  for (const Point& point : points_) {
    const double share = static_cast<double>(point.step - first) / static_cast<double>(last - first);
    const size_t x =
        std::min(canvas.width() - 1, static_cast<size_t>(share * static_cast<double>(canvas.width())));
    sums[x] += point.loss;
    ++counts[x];
  }
  const double range = high > low ? high - low : 1;
  const auto bottom_dot = static_cast<double>(canvas.height() - 1);
  const auto place = [&](double loss) {
    const double share = std::clamp((high - loss) / range, 0.0, 1.0);
    return high > low ? static_cast<size_t>(std::lround(share * bottom_dot)) : canvas.height() / 2;
  };
  size_t before_x = 0, before_y = place(sums[0] / counts[0]);
  for (size_t x = 0; x < canvas.width(); ++x) {
    if (counts[x] == 0) continue;
    const size_t y = place(sums[x] / counts[x]);
    // From the point before, dot by dot.
    const size_t steps = std::max<size_t>({1, x - before_x, y > before_y ? y - before_y : before_y - y});
    for (size_t i = 0; i <= steps; ++i) {
      const double share = static_cast<double>(i) / static_cast<double>(steps);
      const auto between = [&](size_t from, size_t to) {
        return static_cast<size_t>(
            std::lround(static_cast<double>(from) * (1 - share) + static_cast<double>(to) * share));
      };
      canvas.Set(between(before_x, x), between(before_y, y));
    }
    before_x = x;
    before_y = y;
  }
  std::vector<std::string> lines;
  for (size_t row = 0; row < rows; ++row) {
    const std::string text = row == 0 ? top : row + 1 == rows ? bottom : "";
    lines.push_back(absl::StrCat(PadToWidth(text, label, /*right=*/true), " ", canvas.Row(row)));
  }
  return lines;
}

}  // namespace bonsai
