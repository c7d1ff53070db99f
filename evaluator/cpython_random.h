// The numbers of CPython 3.11's random.Random: the Mersenne Twister MT19937 and what that module draws from
// it. Evaluation rules that others publish choose few-shot examples and bootstrap samples by these very
// numbers. Called by suites and metrics. Not for secrets. One thread at a time.
#ifndef BONSAI_EVALUATOR_CPYTHON_RANDOM_H_
#define BONSAI_EVALUATOR_CPYTHON_RANDOM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bonsai {

class CpythonRandom {
 public:
  // random.Random(seed).
  explicit CpythonRandom(uint64_t seed);

  // random(): in [0, 1), a multiple of 2^-53.
  double Random();

  // getrandbits(bits), 1 <= bits <= 64.
  uint64_t GetRandBits(int bits);

  // _randbelow(bound), which is also randrange(bound): below `bound`, which is > 0.
  uint64_t RandBelow(uint64_t bound);

  // sample(range(population), count): different indices, in the order drawn. count <= population.
  std::vector<size_t> Sample(size_t population, size_t count);

  // choices(range(population), k=count): indices with replacement. population > 0 unless count is 0.
  std::vector<size_t> Choices(size_t population, size_t count);

 private:
  static constexpr size_t kWords = 624;

  void SeedByArray(std::span<const uint32_t> key);
  void Refill();
  uint32_t NextWord();

  std::array<uint32_t, kWords> state_;
  size_t next_ = kWords;  // of state_: the word to be tempered next; kWords: all are used up
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_CPYTHON_RANDOM_H_
