#include "evaluator/paired_test.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "evaluator/cpython_random.h"

namespace bonsai {
namespace {

constexpr uint64_t kDraws = 9999;
constexpr size_t kFlipsMax = 13;  // 2^13 ways are fewer than the draws

bool IsBinary(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return value == 0 || value == 1; });
}

// Sums in the items' order. Two sums of the same numbers may differ in their last bits by their signs' order:
// what is smaller by such a bit counts as equal.
class SignFlips {
 public:
  explicit SignFlips(std::vector<double> differences) : differences_(std::move(differences)) {
    double sum = 0;
    double size = 0;
    for (double difference : differences_) {
      sum += difference;
      size += std::abs(difference);
    }
    least_ = std::abs(sum) - 1e-12 * size;
  }

  size_t size() const { return differences_.size(); }

  // `sign(i)`: whether difference i is flipped.
  template <typename Sign>
  bool IsAsLarge(const Sign& sign) const {
    double sum = 0;
    for (size_t i = 0; i < differences_.size(); ++i) sum += sign(i) ? -differences_[i] : differences_[i];
    return std::abs(sum) >= least_;
  }

 private:
  const std::vector<double> differences_;
  double least_ = 0;
};

double FlipAllWays(const SignFlips& flips) {
  const uint64_t ways = uint64_t{1} << flips.size();
  uint64_t large = 0;
  for (uint64_t way = 0; way < ways; ++way) {
    large += flips.IsAsLarge([way](size_t i) { return (way >> i & 1) != 0; });
  }
  return static_cast<double>(large) / static_cast<double>(ways);
}

double FlipByDraws(const SignFlips& flips, uint64_t seed) {
  CpythonRandom random(seed);
  uint64_t large = 0;
  for (uint64_t draw = 0; draw < kDraws; ++draw) {
    uint64_t coins = 0;
    large += flips.IsAsLarge([&](size_t i) {
      if (i % 64 == 0) coins = random.GetRandBits(64);
      return (coins >> (i % 64) & 1) != 0;
    });
  }
  return static_cast<double>(1 + large) / static_cast<double>(1 + kDraws);
}

}  // namespace

double TwoSidedBinomial(uint64_t few, uint64_t n) {
  // Terms C(n, i) / 2^n by their logarithms: 2^n overflows from 1024 on.
  const auto size = static_cast<double>(n);
  double tail = 0;
  double logarithm = -size * std::log(2.);
  for (uint64_t i = 0; i <= few; ++i) {
    tail += std::exp(logarithm);
    logarithm += std::log((size - static_cast<double>(i)) / static_cast<double>(i + 1));
  }
  return std::min(1., 2 * tail);
}

PairedResult PairedTest(std::span<const double> first, std::span<const double> second, uint64_t seed) {
  PairedResult result;
  std::vector<double> differences;
  double sum = 0;
  for (size_t i = 0; i < first.size(); ++i) {
    const double difference = first[i] - second[i];
    sum += difference;
    if (difference == 0) continue;
    ++(difference > 0 ? result.larger : result.smaller);
    differences.push_back(difference);
  }
  result.difference = sum / static_cast<double>(first.size());
  if (IsBinary(first) && IsBinary(second)) {
    result.test = "exact McNemar";
    result.p_value =
        TwoSidedBinomial(std::min(result.larger, result.smaller), result.larger + result.smaller);
    return result;
  }
  const SignFlips flips(std::move(differences));
  if (flips.size() <= kFlipsMax) {
    result.test = "sign-flip permutation, exact";
    result.p_value = FlipAllWays(flips);
  } else {
    result.test = absl::StrCat("sign-flip permutation, ", kDraws, " draws");
    result.p_value = FlipByDraws(flips, seed);
  }
  return result;
}

}  // namespace bonsai
