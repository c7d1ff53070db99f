// pass@k: the chance that one of k samples of a question passes. Called by suites whose answers are programs.
// A pure function.
#ifndef BONSAI_EVALUATOR_PASS_AT_K_H_
#define BONSAI_EVALUATOR_PASS_AT_K_H_

#include <cstdint>

namespace bonsai {

// The unbiased estimate from n samples of which c passed: 1 - prod_{i=n-c+1..n} (1 - k/i); 1 if n - c < k
// (Chen et al., "Evaluating large language models trained on code"). c <= n, 0 < k <= n. Of one sample it is
// whether that passed.
double PassAtK(uint64_t n, uint64_t c, uint64_t k);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_PASS_AT_K_H_
