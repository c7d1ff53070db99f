#include "evaluator/cpython_random.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <unordered_set>

namespace bonsai {
namespace {

// The recurrence's parameters: M. Matsumoto and T. Nishimura, "Mersenne Twister: a 623-dimensionally
// equidistributed uniform pseudorandom number generator", 1998; seeding by an array as in their 2002 version.
constexpr size_t kMiddle = 397;
constexpr uint32_t kTwist = 0x9908b0df;
constexpr uint32_t kUpperBit = 0x80000000;

// random.sample keeps a set instead of a pool when the population is larger than this.
size_t LargestPool(size_t count) {
  size_t size = 21;
  if (count > 5) {
    size_t power = 1;
    while (power < 3 * count) power *= 4;
    size += power;
  }
  return size;
}

}  // namespace

CpythonRandom::CpythonRandom(uint64_t seed) {
  const std::array<uint32_t, 2> key = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
  SeedByArray(std::span(key).first(key[1] == 0 ? 1 : 2));
}

void CpythonRandom::SeedByArray(std::span<const uint32_t> key) {
  state_[0] = 19650218;
  for (uint32_t i = 1; i < kWords; ++i) {
    state_[i] = 1812433253u * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
  }
  const auto mixed = [&](size_t i, uint32_t factor) {
    return state_[i] ^ ((state_[i - 1] ^ (state_[i - 1] >> 30)) * factor);
  };
  size_t i = 1;
  const auto advance = [&] {
    if (++i < kWords) return;
    state_[0] = state_[kWords - 1];
    i = 1;
  };
  for (size_t step = 0, j = 0; step < kWords; ++step, j = (j + 1) % key.size()) {
    state_[i] = mixed(i, 1664525) + key[j] + static_cast<uint32_t>(j);
    advance();
  }
  for (size_t step = 0; step < kWords - 1; ++step) {
    state_[i] = mixed(i, 1566083941) - static_cast<uint32_t>(i);
    advance();
  }
  state_[0] = kUpperBit;
  next_ = kWords;
}

void CpythonRandom::Refill() {
  for (size_t i = 0; i < kWords; ++i) {
    const uint32_t joined = (state_[i] & kUpperBit) | (state_[(i + 1) % kWords] & ~kUpperBit);
    state_[i] = state_[(i + kMiddle) % kWords] ^ (joined >> 1) ^ ((joined & 1) != 0 ? kTwist : 0);
  }
  next_ = 0;
}

uint32_t CpythonRandom::NextWord() {
  if (next_ == kWords) Refill();
  uint32_t word = state_[next_++];
  word ^= word >> 11;
  word ^= (word << 7) & 0x9d2c5680;
  word ^= (word << 15) & 0xefc60000;
  return word ^ (word >> 18);
}

double CpythonRandom::Random() {
  const uint32_t high = NextWord() >> 5;  // 27 bits, and 26 below them
  const uint32_t low = NextWord() >> 6;
  return std::ldexp(std::ldexp(static_cast<double>(high), 26) + low, -53);
}

uint64_t CpythonRandom::GetRandBits(int bits) {
  if (bits <= 32) return NextWord() >> (32 - bits);
  const uint64_t low = NextWord();
  return low | static_cast<uint64_t>(NextWord() >> (64 - bits)) << 32;
}

uint64_t CpythonRandom::RandBelow(uint64_t bound) {
  const int bits = std::bit_width(bound);
  uint64_t drawn = GetRandBits(bits);
  while (drawn >= bound) drawn = GetRandBits(bits);
  return drawn;
}

std::vector<size_t> CpythonRandom::Sample(size_t population, size_t count) {
  std::vector<size_t> result(count);
  if (population <= LargestPool(count)) {
    std::vector<size_t> pool(population);
    std::iota(pool.begin(), pool.end(), size_t{0});
    for (size_t i = 0; i < count; ++i) {
      const size_t drawn = RandBelow(population - i);
      result[i] = pool[drawn];
      pool[drawn] = pool[population - i - 1];
    }
    return result;
  }
  std::unordered_set<size_t> selected;
  for (size_t& index : result) {
    index = RandBelow(population);
    while (!selected.insert(index).second) index = RandBelow(population);
  }
  return result;
}

std::vector<size_t> CpythonRandom::Choices(size_t population, size_t count) {
  std::vector<size_t> result(count);
  for (size_t& index : result) index = static_cast<size_t>(Random() * static_cast<double>(population));
  return result;
}

}  // namespace bonsai
