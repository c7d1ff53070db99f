// A permutation of 0 .. size - 1 that follows from a key: the order in which a trainer sees its samples. Any
// place of it is found in constant time and memory, so a resumed run needs only to know how far it was.
//
// A balanced Feistel network of four rounds over the next even power of two, walked along its cycle until it
// lands inside (Black and Rogaway 2002). Immutable; safe for concurrent use.
#ifndef BONSAI_WORKER_TRAIN_KEYED_PERMUTATION_H_
#define BONSAI_WORKER_TRAIN_KEYED_PERMUTATION_H_

#include <cstdint>

namespace bonsai {

class KeyedPermutation {
 public:
  // size is at least 1 and at most 2^62.
  KeyedPermutation(uint64_t size, uint64_t key);

  // Where `place` (below size) goes.
  uint64_t At(uint64_t place) const;

  uint64_t size() const { return size_; }

 private:
  uint64_t size_;
  uint64_t key_;
  int half_bits_;
};

// The sample at `place` of an endless row of epochs, each a new permutation of `size` samples.
uint64_t SampleAt(uint64_t place, uint64_t size, uint64_t seed);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_KEYED_PERMUTATION_H_
