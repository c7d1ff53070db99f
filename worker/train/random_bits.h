// Random bits by counter: the same key and counter give the same bits, on every machine, in any order.
#ifndef BONSAI_WORKER_TRAIN_RANDOM_BITS_H_
#define BONSAI_WORKER_TRAIN_RANDOM_BITS_H_

#include <cmath>
#include <cstdint>
#include <numbers>

namespace bonsai {

// The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
inline uint64_t MixBits(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

inline uint64_t RandomBits(uint64_t key, uint64_t counter) {
  return MixBits(MixBits(key + 0x9e3779b97f4a7c15u) + (counter + 1) * 0x9e3779b97f4a7c15u);
}

// A standard normal value from 64 random bits (Box and Muller 1958).
inline float NormalOf(uint64_t bits) {
  const double u = (static_cast<double>(bits >> 32) + 1.0) / 4294967296.0;
  const double v = static_cast<double>(bits & 0xffffffff) / 4294967296.0;
  return static_cast<float>(std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v));
}

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_RANDOM_BITS_H_
