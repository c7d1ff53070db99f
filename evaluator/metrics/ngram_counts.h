// How often each n-gram occurs in a sequence of tokens. Called by BLEU, ROUGE and chrF. Values.
#ifndef BONSAI_EVALUATOR_METRICS_NGRAM_COUNTS_H_
#define BONSAI_EVALUATOR_METRICS_NGRAM_COUNTS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>

namespace bonsai {

class NgramCounts {
 public:
  NgramCounts() = default;
  // Of `order` tokens in a row; order > 0.
  NgramCounts(std::span<const std::string> tokens, size_t order);

  // Of all n-grams, and of those in both: the smaller of the two counts of each.
  uint64_t total() const { return total_; }
  uint64_t Common(const NgramCounts& other) const;
  // Takes the larger of the two counts of each: what several references hold together.
  void Join(const NgramCounts& other);

 private:
  std::unordered_map<std::string, uint64_t> counts_;  // the key: each token behind its length
  uint64_t total_ = 0;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_METRICS_NGRAM_COUNTS_H_
