// Where the rows of an embedding's gradient go, sorted on the host while the device works on the batch
// before: by counting, so in time proportional to rows and vocabulary. What ScatterPlan points into, as one
// block of 32-bit words that is copied with the batch.
//
// Used by one thread at a time: it owns its counters.
#ifndef BONSAI_WORKER_TRAIN_CUDA_SCATTER_ORDER_H_
#define BONSAI_WORKER_TRAIN_CUDA_SCATTER_ORDER_H_

#include <cstdint>
#include <vector>

#include "worker/train/cuda/step_device.h"

namespace bonsai::cuda {

class ScatterOrder {
 public:
  explicit ScatterOrder(int64_t vocabulary) : begins_(vocabulary + 1) {}

  // The words that a plan for so many rows takes.
  static int64_t Words(int64_t rows) { return 2 + rows + 4 * rows + 3 * ScatterPlan::SlotsMax(rows); }

  // The plan whose words begin at `words`.
  static ScatterPlan PlanAt(const int32_t* words, int64_t rows) {
    return {words + 2, words + 2 + rows, words + 2 + 5 * rows, words, rows};
  }

  // Writes a plan's words. Every token is at least 0 and below the vocabulary.
  void Fill(const int32_t* tokens, int64_t rows, int32_t* words);

 private:
  std::vector<int32_t> begins_;
};

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_SCATTER_ORDER_H_
