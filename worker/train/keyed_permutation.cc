#include "worker/train/keyed_permutation.h"

#include "worker/train/random_bits.h"

namespace bonsai {

KeyedPermutation::KeyedPermutation(uint64_t size, uint64_t key) : size_(size), key_(key), half_bits_(1) {
  while ((uint64_t{1} << (2 * half_bits_)) < size) ++half_bits_;
}

uint64_t KeyedPermutation::At(uint64_t place) const {
  const uint64_t mask = (uint64_t{1} << half_bits_) - 1;
  uint64_t value = place;
  do {
    uint64_t left = value >> half_bits_;
    uint64_t right = value & mask;
    for (uint64_t round = 0; round < 4; ++round) {
      const uint64_t next = left ^ (RandomBits(key_ + round, right) & mask);
      left = right;
      right = next;
    }
    value = (left << half_bits_) | right;
  } while (value >= size_);
  return value;
}

uint64_t SampleAt(uint64_t place, uint64_t size, uint64_t seed) {
  return KeyedPermutation(size, RandomBits(seed, place / size)).At(place % size);
}

}  // namespace bonsai
