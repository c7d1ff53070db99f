// The nearest semi-orthogonal matrix, roughly: what Muon takes a step along (Jordan et al. 2024).
//
// Used by one thread at a time: it owns its scratch memory.
#ifndef BONSAI_WORKER_TRAIN_ORTHOGONALIZE_H_
#define BONSAI_WORKER_TRAIN_ORTHOGONALIZE_H_

#include <cstdint>
#include <vector>

namespace bonsai {

class Orthogonalizer {
 public:
  // Replaces x[rows, cols], row-major, by U V^T of its singular value decomposition U S V^T, up to singular
  // values between 0.7 and 1.2 for those of x that are above 1/100 of its Frobenius norm; smaller ones are
  // drawn towards 1 as far as five steps of a Newton-Schulz iteration of degree five bring them. A matrix of
  // zeros stays as it is.
  void Apply(float* x, int64_t rows, int64_t cols);

 private:
  std::vector<float> wide_;    // x, or its transpose if that has fewer rows, [r, c]
  std::vector<float> next_;    // [r, c]
  std::vector<float> gram_;    // [r, r]
  std::vector<float> square_;  // [r, r]
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_ORTHOGONALIZE_H_
