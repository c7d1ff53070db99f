#include "edge_runtime/farm/speed_statistics.h"

#include <algorithm>
#include <cmath>

namespace bonsai {
namespace {

// B. Iglewicz and D. Hoaglin, "How to detect and handle outliers" (1993): 0.6745 is the normal distribution's
// third quartile, so that the score is in standard deviations; 3.5 is the bound they advise.
constexpr double kNormalQuartile = 0.6745;
constexpr double kScoreMax = 3.5;

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace

v1::Distribution SummarizeRuns(const std::vector<double>& values) {
  const double median = Median(values);
  std::vector<double> deviations;
  for (double value : values) deviations.push_back(std::abs(value - median));
  const double mad = Median(deviations);
  v1::Distribution result;
  for (size_t i = 0; i < values.size(); ++i) {
    const bool outlier = mad > 0 && kNormalQuartile * deviations[i] / mad > kScoreMax;
    if (outlier) {
      result.add_dropped(values[i]);
    } else {
      result.add_kept(values[i]);
    }
  }
  // At least half of the values deviate by MAD or less, so some are kept.
  const std::vector<double> kept(result.kept().begin(), result.kept().end());
  double sum = 0;
  for (double value : kept) sum += value;
  const double mean = sum / kept.size();
  double squares = 0;
  for (double value : kept) squares += (value - mean) * (value - mean);
  result.set_mean(mean);
  result.set_median(Median(kept));
  result.set_standard_deviation(kept.size() > 1 ? std::sqrt(squares / (kept.size() - 1)) : 0);
  return result;
}

}  // namespace bonsai
