// Whether two evaluations of the same items differ by more than chance. Called by the comparison of
// evaluations. Pure functions: the same numbers give the same result on every machine.
#ifndef BONSAI_EVALUATOR_PAIRED_TEST_H_
#define BONSAI_EVALUATOR_PAIRED_TEST_H_

#include <cstdint>
#include <span>
#include <string>

namespace bonsai {

struct PairedResult {
  uint64_t larger = 0;  // items whose value is larger in the first evaluation
  uint64_t smaller = 0;
  double difference = 0;  // the mean of first - second
  double p_value = 1;     // two-sided
  std::string test;
};

// first[i] and second[i] are of the same item; there is at least one. All values 0 or 1: the exact McNemar
// test (the binomial test of the items that changed; Q. McNemar 1947). Otherwise every difference's sign is
// flipped by a coin: p = (1 + draws whose |sum| is at least as large) / (1 + draws) over 9,999 draws from
// CPython's Random(seed), or over all ways of flipping where there are no more (E. Pitman 1937).
PairedResult PairedTest(std::span<const double> first, std::span<const double> second, uint64_t seed);

// P(at most `few` or at least n - few heads in n throws of a fair coin), at most 1. few <= n / 2.
double TwoSidedBinomial(uint64_t few, uint64_t n);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_PAIRED_TEST_H_
