// Ranges of the flat buffers that ParameterLayout lays out, and whose they are.
#ifndef BONSAI_WORKER_TRAIN_FLAT_RANGE_H_
#define BONSAI_WORKER_TRAIN_FLAT_RANGE_H_

#include <cstdint>

namespace bonsai {

// Values [begin, end) of each flat buffer.
struct FlatRange {
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t size() const { return end - begin; }
};

// Such values and the rank that has them.
struct OwnedRange {
  uint64_t begin = 0;
  uint64_t end = 0;
  int owner = 0;
  uint64_t size() const { return end - begin; }
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_FLAT_RANGE_H_
