#include "evaluator/metrics/longest_subsequence.h"

#include <algorithm>
#include <cstdint>

namespace bonsai {

std::vector<size_t> LongestSubsequence(std::span<const std::string> first,
                                       std::span<const std::string> second, SubsequenceTie tie) {
  const size_t columns = second.size() + 1;
  std::vector<uint32_t> lengths((first.size() + 1) * columns);  // of the prefixes' subsequence
  for (size_t i = 1; i <= first.size(); ++i) {
    for (size_t j = 1; j <= second.size(); ++j) {
      lengths[i * columns + j] = first[i - 1] == second[j - 1]
                                     ? lengths[(i - 1) * columns + j - 1] + 1
                                     : std::max(lengths[(i - 1) * columns + j], lengths[i * columns + j - 1]);
    }
  }
  std::vector<size_t> indices;
  for (size_t i = first.size(), j = second.size(); i > 0 && j > 0;) {
    if (first[i - 1] == second[j - 1]) {
      indices.push_back(--i);
      --j;
      continue;
    }
    const uint32_t without_first = lengths[(i - 1) * columns + j];
    const uint32_t without_second = lengths[i * columns + j - 1];
    const bool skip_first =
        without_first == without_second ? tie == SubsequenceTie::kSkipFirst : without_first > without_second;
    --(skip_first ? i : j);
  }
  std::reverse(indices.begin(), indices.end());
  return indices;
}

}  // namespace bonsai
