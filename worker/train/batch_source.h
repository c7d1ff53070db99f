// Where a training run's rows come from: any step's rows, by number, so that a run can begin anywhere.
//
// A source is used by one thread at a time.
#ifndef BONSAI_WORKER_TRAIN_BATCH_SOURCE_H_
#define BONSAI_WORKER_TRAIN_BATCH_SOURCE_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "worker/train/train_step.h"

namespace bonsai {

// Rows that own their memory.
struct RowBuffer {
  int64_t rows = 0;
  int64_t positions = 0;
  std::vector<int32_t> tokens;   // [rows, positions]
  std::vector<int32_t> targets;  // [rows, positions]; negative: none
  std::vector<int32_t> begins;   // [rows, positions], or empty: each row is one document

  TokenBatch View() const {
    return {rows, positions, tokens.data(), targets.data(), begins.empty() ? nullptr : begins.data()};
  }
};

class BatchSource {
 public:
  struct Size {
    int64_t rows;            // over all ranks; at least 1
    uint64_t tokens;         // that the model reads, padding not counted
    uint64_t targets;        // that the loss counts; at least 1
    uint64_t documents = 0;  // in these rows; 0: one in each
  };

  virtual ~BatchSource() = default;

  // The size of step `step`'s batch over all ranks.
  virtual Size SizeOf(uint64_t step) = 0;

  // Rows first .. first + rows - 1 of that batch.
  virtual absl::Status Fill(uint64_t step, int64_t first, int64_t rows, RowBuffer* buffer) = 0;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_BATCH_SOURCE_H_
