#include "evaluator/pass_at_k.h"

namespace bonsai {

double PassAtK(uint64_t n, uint64_t c, uint64_t k) {
  if (n - c < k) return 1;
  double none = 1;
  for (uint64_t i = n - c + 1; i <= n; ++i) none *= 1 - static_cast<double>(k) / static_cast<double>(i);
  return 1 - none;
}

}  // namespace bonsai
