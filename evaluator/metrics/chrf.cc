#include "evaluator/metrics/chrf.h"

#include <vector>

#include "evaluator/metrics/ngram_counts.h"
#include "evaluator/metrics/unicode_text.h"
#include "evaluator/white_space.h"

namespace bonsai {
namespace {

// Characters one by one, white space left out.
std::vector<std::string> Characters(absl::string_view text) {
  std::vector<std::string> characters;
  for (absl::string_view word : SplitSpace(text)) {
    for (const char32_t c : DecodeUtf8(word)) characters.push_back(EncodeUtf8(std::u32string(1, c)));
  }
  return characters;
}

ChrfCounts CountPair(std::span<const std::string> hypothesis, std::span<const std::string> reference) {
  ChrfCounts counts;
  for (size_t order = 1; order <= kChrfOrder; ++order) {
    const NgramCounts given(hypothesis, order);
    const NgramCounts expected(reference, order);
    counts.hypothesis[order - 1] = expected.total() > 0 ? given.total() : 0;
    counts.reference[order - 1] = expected.total();
    counts.matches[order - 1] = given.Common(expected);
  }
  return counts;
}

}  // namespace

ChrfCounts& ChrfCounts::operator+=(const ChrfCounts& other) {
  for (size_t i = 0; i < kChrfOrder; ++i) {
    hypothesis[i] += other.hypothesis[i];
    reference[i] += other.reference[i];
    matches[i] += other.matches[i];
  }
  return *this;
}

ChrfCounts CountChrf(absl::string_view hypothesis, std::span<const std::string> references) {
  const std::vector<std::string> given = Characters(hypothesis);
  ChrfCounts best;
  double best_score = -1;
  for (const std::string& reference : references) {
    const ChrfCounts counts = CountPair(given, Characters(reference));
    const double score = ChrfScore(counts);
    if (score <= best_score) continue;
    best = counts;
    best_score = score;
  }
  return best;
}

double ChrfScore(const ChrfCounts& counts) {
  constexpr double kFactor = 4;  // beta squared
  double precision = 0;
  double recall = 0;
  int orders = 0;
  for (size_t i = 0; i < kChrfOrder; ++i) {
    if (counts.hypothesis[i] == 0 || counts.reference[i] == 0) continue;
    const auto matches = static_cast<double>(counts.matches[i]);
    precision += matches / static_cast<double>(counts.hypothesis[i]);
    recall += matches / static_cast<double>(counts.reference[i]);
    ++orders;
  }
  if (orders == 0) return 0;
  precision /= orders;
  recall /= orders;
  if (precision + recall == 0) return 0;
  return 100 * ((1 + kFactor) * precision * recall / (kFactor * precision + recall));
}

}  // namespace bonsai
