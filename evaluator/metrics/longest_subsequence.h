// One of the longest common subsequences of two sequences of tokens, chosen as two ROUGE libraries choose it.
// Called by ROUGE's variants. Pure functions; time and memory grow with the product of the lengths.
#ifndef BONSAI_EVALUATOR_METRICS_LONGEST_SUBSEQUENCE_H_
#define BONSAI_EVALUATOR_METRICS_LONGEST_SUBSEQUENCE_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace bonsai {

// Walking back from the ends, which sequence loses a token where either may.
enum class SubsequenceTie { kSkipFirst, kSkipSecond };

// Indices into `first`, rising.
std::vector<size_t> LongestSubsequence(std::span<const std::string> first,
                                       std::span<const std::string> second, SubsequenceTie tie);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_METRICS_LONGEST_SUBSEQUENCE_H_
