#include "evaluator/metrics/ngram_counts.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace bonsai {

NgramCounts::NgramCounts(std::span<const std::string> tokens, size_t order) {
  for (size_t i = 0; i + order <= tokens.size(); ++i) {
    std::string key;
    for (const std::string& token : tokens.subspan(i, order)) absl::StrAppend(&key, token.size(), ":", token);
    ++counts_[std::move(key)];
    ++total_;
  }
}

uint64_t NgramCounts::Common(const NgramCounts& other) const {
  uint64_t common = 0;
  for (const auto& [key, count] : counts_) {
    const auto found = other.counts_.find(key);
    if (found != other.counts_.end()) common += std::min(count, found->second);
  }
  return common;
}

void NgramCounts::Join(const NgramCounts& other) {
  for (const auto& [key, count] : other.counts_) {
    uint64_t& mine = counts_[key];
    if (count <= mine) continue;
    total_ += count - mine;
    mine = count;
  }
}

}  // namespace bonsai
