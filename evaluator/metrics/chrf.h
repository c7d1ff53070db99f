// chrF: the F-score of character n-grams (M. Popovic, "chrF: character n-gram F-score for automatic MT
// evaluation", 2015), as sacrebleu.corpus_chrf has it: orders 1 to 6 without white space, beta 2, no word
// n-grams, effective order. Called by suites. Values.
#ifndef BONSAI_EVALUATOR_METRICS_CHRF_H_
#define BONSAI_EVALUATOR_METRICS_CHRF_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "absl/strings/string_view.h"

namespace bonsai {

inline constexpr size_t kChrfOrder = 6;

// What a corpus adds up before it has a score: n-grams of each order. Those of the hypothesis count only
// where the reference has some.
struct ChrfCounts {
  std::array<uint64_t, kChrfOrder> hypothesis = {};
  std::array<uint64_t, kChrfOrder> reference = {};
  std::array<uint64_t, kChrfOrder> matches = {};

  ChrfCounts& operator+=(const ChrfCounts& other);
};

// Of one segment: with the reference that scores best, of equals the first. `references` is not empty.
ChrfCounts CountChrf(absl::string_view hypothesis, std::span<const std::string> references);

// 0 to 100.
double ChrfScore(const ChrfCounts& counts);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_METRICS_CHRF_H_
