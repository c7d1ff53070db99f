#include "worker/data/mixture.h"

namespace bonsai {

size_t NextPart(absl::Span<const double> weights, absl::Span<const uint64_t> tokens) {
  size_t next = 0;
  for (size_t i = 1; i < weights.size(); ++i) {
    // tokens[i] / weights[i] < tokens[next] / weights[next]
    if (static_cast<double>(tokens[i]) * weights[next] < static_cast<double>(tokens[next]) * weights[i])
      next = i;
  }
  return next;
}

// The finalizer of splitmix64 over both numbers.
uint64_t FirstDocument(uint64_t seed, size_t part, uint64_t documents) {
  uint64_t x = seed + 0x9E3779B97F4A7C15u * (part + 1);
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return (x ^ (x >> 31)) % documents;
}

}  // namespace bonsai
