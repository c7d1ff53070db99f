#include "worker/train/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "worker/train/random_bits.h"

namespace bonsai {
namespace {

// Sizes that no vector width divides.
constexpr int64_t kRows = 5, kCols = 37;

std::vector<float> Random(uint64_t key, size_t count, float scale = 2.0f) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) {
    values[i] = scale * (static_cast<float>(RandomBits(key, i) % 20001) / 10000.0f - 1.0f);
  }
  return values;
}

// The central difference of `loss` in double, where `at` holds its argument.
template <typename Loss>
double Slope(std::vector<double>& at, size_t i, const Loss& loss) {
  const double kept = at[i];
  at[i] = kept + 1e-5;
  const double above = loss();
  at[i] = kept - 1e-5;
  const double below = loss();
  at[i] = kept;
  return (above - below) / 2e-5;
}

class KernelsTest : public testing::TestWithParam<const Kernels*> {};

TEST_P(KernelsTest, RmsNormAndItsGradient) {
  const std::vector<float> x = Random(1, kRows * kCols), weight = Random(2, kCols),
                           dy = Random(3, kRows * kCols);
  std::vector<double> xd(x.begin(), x.end()), wd(weight.begin(), weight.end());
  const auto norm = [&](int64_t r, int64_t c) {
    double sum = 0;
    for (int64_t i = 0; i < kCols; ++i) sum += xd[r * kCols + i] * xd[r * kCols + i];
    return xd[r * kCols + c] / std::sqrt(sum / kCols + 1e-5) * wd[c];
  };
  const auto loss = [&] {
    double total = 0;
    for (int64_t i = 0; i < kRows * kCols; ++i) total += norm(i / kCols, i % kCols) * dy[i];
    return total;
  };
  std::vector<float> y(x.size()), again(x.size()), scale(kRows), dx(x.size(), 1.0f), dweight(kCols, 1.0f);
  GetParam()->rms_norm(x.data(), weight.data(), kRows, kCols, 1e-5f, y.data(), scale.data());
  GetParam()->apply_norm(x.data(), weight.data(), scale.data(), kRows, kCols, again.data());
  GetParam()->rms_norm_backward(dy.data(), x.data(), weight.data(), scale.data(), kRows, kCols, dx.data(),
                                dweight.data());
  EXPECT_EQ(y, again);
  for (int64_t i = 0; i < kRows * kCols; ++i) {
    ASSERT_NEAR(y[i], norm(i / kCols, i % kCols), 1e-5);
    ASSERT_NEAR(dx[i] - 1.0, Slope(xd, i, loss), 1e-4) << i;
  }
  for (int64_t c = 0; c < kCols; ++c) ASSERT_NEAR(dweight[c] - 1.0, Slope(wd, c, loss), 1e-4) << c;
}

TEST_P(KernelsTest, SwigluAndItsGradient) {
  const std::vector<float> input = Random(4, kRows * 2 * kCols, 6.0f), dout = Random(5, kRows * kCols);
  std::vector<double> at(input.begin(), input.end());
  const auto value = [&](int64_t r, int64_t c) {
    const double gate = at[r * 2 * kCols + c];
    return gate / (1 + std::exp(-gate)) * at[r * 2 * kCols + kCols + c];
  };
  const auto loss = [&] {
    double total = 0;
    for (int64_t i = 0; i < kRows * kCols; ++i) total += value(i / kCols, i % kCols) * dout[i];
    return total;
  };
  std::vector<float> out(dout.size()), gradient = input, hidden = dout;
  GetParam()->swiglu(input.data(), kRows, kCols, out.data());
  GetParam()->swiglu_backward(gradient.data(), hidden.data(), kRows, kCols);
  for (int64_t i = 0; i < kRows * kCols; ++i) {
    ASSERT_NEAR(out[i], value(i / kCols, i % kCols), 2e-5);
    ASSERT_NEAR(hidden[i], out[i], 1e-5);
  }
  for (size_t i = 0; i < input.size(); ++i) ASSERT_NEAR(gradient[i], Slope(at, i, loss), 1e-4) << i;
}

TEST_P(KernelsTest, SwigluOfExtremesIsFinite) {
  const std::vector<float> input = {-1000.0f, 1000.0f, -88.5f, 0.0f, 2.0f, 2.0f, 2.0f, 2.0f};
  std::vector<float> out(4);
  GetParam()->swiglu(input.data(), 1, 4, out.data());
  EXPECT_NEAR(out[0], 0, 1e-30);
  EXPECT_EQ(out[1], 2000.0f);
  EXPECT_NEAR(out[2], 0, 1e-30);
  EXPECT_EQ(out[3], 0.0f);
}

TEST_P(KernelsTest, ReluSquaredAndItsGradient) {
  const std::vector<float> input = Random(14, kRows * kCols), dout = Random(15, kRows * kCols);
  std::vector<float> out(input.size()), gradient = input, hidden = dout;
  GetParam()->relu_squared(input.data(), kRows * kCols, out.data());
  GetParam()->relu_squared_backward(gradient.data(), hidden.data(), kRows * kCols);
  for (size_t i = 0; i < input.size(); ++i) {
    const double positive = std::max(0.0, double{input[i]});
    ASSERT_NEAR(out[i], positive * positive, 1e-6);
    ASSERT_EQ(hidden[i], out[i]);
    ASSERT_NEAR(gradient[i], 2 * positive * dout[i], 1e-6);
  }
  float bad = NAN, squared = 0;
  GetParam()->relu_squared(&bad, 1, &squared);
  EXPECT_TRUE(std::isnan(squared));
}

TEST_P(KernelsTest, SoftCapAndItsGradient) {
  std::vector<float> logits = Random(16, kRows * kCols, 90.0f), d = Random(17, kRows * kCols);
  for (size_t i = 0; i < logits.size(); i += 3) logits[i] *= 0.01f;
  std::vector<float> capped = logits, gradient = d;
  GetParam()->soft_cap(capped.data(), kRows * kCols, 30.0f);
  GetParam()->soft_cap_backward(capped.data(), gradient.data(), kRows * kCols, 30.0f);
  for (size_t i = 0; i < logits.size(); ++i) {
    const double t = std::tanh(logits[i] / 30.0);
    ASSERT_NEAR(capped[i], 30 * t, 2e-6 * std::abs(30 * t) + 1e-9) << logits[i];
    ASSERT_NEAR(gradient[i], d[i] * (1 - t * t), 1e-6) << logits[i];
  }
}

TEST_P(KernelsTest, CrossEntropyAndItsGradient) {
  const std::vector<float> logits = Random(6, kRows * kCols, 9.0f);
  const std::vector<int32_t> targets = {3, -1, 36, 0, 17};
  std::vector<double> at(logits.begin(), logits.end());
  const auto loss = [&] {
    double total = 0;
    for (int64_t r = 0; r < kRows; ++r) {
      if (targets[r] < 0) continue;
      double sum = 0;
      for (int64_t c = 0; c < kCols; ++c) sum += std::exp(at[r * kCols + c]);
      total += std::log(sum) - at[r * kCols + targets[r]];
    }
    return total;
  };
  std::vector<float> gradient = logits;
  EXPECT_NEAR(GetParam()->cross_entropy(gradient.data(), targets.data(), kRows, kCols, 0.5f, 0.0f), loss(),
              1e-5);
  for (size_t i = 0; i < logits.size(); ++i) ASSERT_NEAR(gradient[i], 0.5 * Slope(at, i, loss), 1e-6) << i;
}

TEST_P(KernelsTest, CrossEntropyOfLargeLogitsIsExactAndOfNanIsNan) {
  std::vector<float> large = {5000.0f, -5000.0f, 4990.0f};
  const int32_t target = 2;
  EXPECT_NEAR(GetParam()->cross_entropy(large.data(), &target, 1, 3, 1.0f, 0.0f),
              10.0 + std::log1p(std::exp(-10.0)), 1e-6);
  for (const float bad : {NAN, INFINITY}) {
    for (int64_t at = 0; at < kCols; ++at) {
      std::vector<float> logits(kCols, 0.5f);
      logits[at] = bad;
      EXPECT_FALSE(std::isfinite(GetParam()->cross_entropy(logits.data(), &target, 1, kCols, 1.0f, 0.0f)))
          << at;
    }
  }
}

TEST_P(KernelsTest, RotationTurnsBack) {
  constexpr int64_t kHeads = 3, kWidth = 10, kPositions = 3, kTurned = 6;
  std::vector<float> cosine(kPositions * kWidth / 2), sine(cosine.size());
  for (size_t i = 0; i < cosine.size(); ++i) {
    cosine[i] = std::cos(0.7f * static_cast<float>(i));
    sine[i] = std::sin(0.7f * static_cast<float>(i));
  }
  const std::vector<float> x = Random(7, kTurned * kHeads * kWidth);
  std::vector<float> turned = x;
  // Of three heads, two are turned.
  GetParam()->rotate(turned.data(), kTurned, kHeads * kWidth, 2, kWidth, kPositions, cosine.data(),
                     sine.data(), 1);
  for (int64_t r = 0; r < kTurned; ++r) {
    for (int64_t h = 0; h < kHeads; ++h) {
      for (int64_t i = 0; i < kWidth / 2; ++i) {
        const int64_t a = (r * kHeads + h) * kWidth + i, b = a + kWidth / 2,
                      t = (r % kPositions) * kWidth / 2 + i;
        ASSERT_NEAR(turned[a], h == 2 ? x[a] : x[a] * cosine[t] - x[b] * sine[t], 1e-6);
        ASSERT_NEAR(turned[b], h == 2 ? x[b] : x[b] * cosine[t] + x[a] * sine[t], 1e-6);
      }
    }
  }
  GetParam()->rotate(turned.data(), kTurned, kHeads * kWidth, 2, kWidth, kPositions, cosine.data(),
                     sine.data(), -1);
  for (size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(turned[i], x[i], 1e-6);
}

TEST_P(KernelsTest, CausalSoftmaxSeesThePastOnly) {
  constexpr int64_t kFirst = 20, kSeen = 25;
  const std::vector<float> scores = Random(8, kRows * kSeen, 30.0f);
  std::vector<float> p = scores, again = scores, log_sum(kRows);
  GetParam()->causal_softmax(p.data(), kRows, kSeen, kFirst, 0.25f, log_sum.data());
  GetParam()->causal_probabilities(again.data(), kRows, kSeen, kFirst, 0.25f, log_sum.data());
  for (int64_t r = 0; r < kRows; ++r) {
    double sum = 0;
    for (int64_t c = 0; c <= kFirst + r; ++c) sum += std::exp(0.25 * scores[r * kSeen + c]);
    for (int64_t c = 0; c < kSeen; ++c) {
      const double want = c <= kFirst + r ? std::exp(0.25 * scores[r * kSeen + c]) / sum : 0.0;
      ASSERT_NEAR(p[r * kSeen + c], want, 1e-6);
      ASSERT_NEAR(again[r * kSeen + c], want, 1e-5);
    }
  }
}

TEST_P(KernelsTest, SumsAndAdds) {
  const std::vector<float> x = Random(9, 10007);
  double want = 0;
  for (const float value : x) want += double{value} * value;
  EXPECT_NEAR(GetParam()->sum_of_squares(x.data(), 10007), want, 1e-5 * want);
  std::vector<float> sum = x;
  GetParam()->add(sum.data(), x.data(), 10007);
  for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(sum[i], 2 * x[i]);
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, KernelsTest, testing::ValuesIn(RunnableKernels()),
                         [](const auto& info) { return std::string(info.param->name); });

}  // namespace
}  // namespace bonsai
