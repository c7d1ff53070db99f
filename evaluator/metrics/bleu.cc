#include "evaluator/metrics/bleu.h"

#include <algorithm>
#include <cmath>

#include "evaluator/metrics/bleu_tokens.h"
#include "evaluator/metrics/ngram_counts.h"
#include "evaluator/white_space.h"

namespace bonsai {
namespace {

uint64_t Distance(uint64_t a, uint64_t b) { return a > b ? a - b : b - a; }

uint64_t ChooseReferenceTokens(uint64_t hypothesis_tokens,
                               std::span<const std::vector<std::string>> references, ReferenceLength length) {
  uint64_t chosen = references.front().size();
  for (const std::vector<std::string>& reference : references) {
    const uint64_t tokens = reference.size();
    const uint64_t distance = Distance(tokens, hypothesis_tokens);
    const uint64_t best = Distance(chosen, hypothesis_tokens);
    const bool closer = distance < best || (distance == best && tokens < chosen);
    if (length == ReferenceLength::kShortest ? tokens < chosen : closer) chosen = tokens;
  }
  return chosen;
}

double BrevityPenalty(const BleuCounts& counts) {
  if (counts.hypothesis_tokens >= counts.reference_tokens) return 1;
  if (counts.hypothesis_tokens == 0) return 0;
  return std::exp(1 - static_cast<double>(counts.reference_tokens) /
                          static_cast<double>(counts.hypothesis_tokens));
}

}  // namespace

BleuCounts& BleuCounts::operator+=(const BleuCounts& other) {
  hypothesis_tokens += other.hypothesis_tokens;
  reference_tokens += other.reference_tokens;
  for (size_t i = 0; i < kBleuOrder; ++i) {
    matches[i] += other.matches[i];
    total[i] += other.total[i];
  }
  return *this;
}

BleuCounts CountBleu(std::span<const std::string> hypothesis,
                     std::span<const std::vector<std::string>> references, ReferenceLength length) {
  BleuCounts counts;
  counts.hypothesis_tokens = hypothesis.size();
  counts.reference_tokens = ChooseReferenceTokens(hypothesis.size(), references, length);
  for (size_t order = 1; order <= kBleuOrder; ++order) {
    NgramCounts expected;
    for (const std::vector<std::string>& reference : references) expected.Join(NgramCounts(reference, order));
    const NgramCounts ngrams(hypothesis, order);
    counts.matches[order - 1] = ngrams.Common(expected);
    counts.total[order - 1] = ngrams.total();
  }
  return counts;
}

double SacrebleuScore(const BleuCounts& counts) {
  if (std::all_of(counts.matches.begin(), counts.matches.end(), [](uint64_t n) { return n == 0; })) return 0;
  double halving = 1;
  double logarithms = 0;
  for (size_t i = 0; i < kBleuOrder; ++i) {
    // A hypothesis without n-grams of some order scores 0; the library's logarithm of 0 is this number.
    constexpr double kLogarithmOfZero = -9999999999;
    if (counts.total[i] == 0) {
      logarithms += kLogarithmOfZero;
      continue;
    }
    const auto total = static_cast<double>(counts.total[i]);
    if (counts.matches[i] == 0) halving *= 2;
    const double precision = counts.matches[i] == 0 ? 100. / (halving * total)
                                                    : 100. * static_cast<double>(counts.matches[i]) / total;
    logarithms += std::log(precision);
  }
  return BrevityPenalty(counts) * std::exp(logarithms / kBleuOrder);
}

double PlainBleuScore(const BleuCounts& counts) {
  double logarithms = 0;
  for (size_t i = 0; i < kBleuOrder; ++i) {
    if (counts.matches[i] == 0) return 0;
    const double precision = static_cast<double>(counts.matches[i]) / static_cast<double>(counts.total[i]);
    logarithms += 1. / kBleuOrder * std::log(precision);
  }
  const double ratio =
      static_cast<double>(counts.hypothesis_tokens) / static_cast<double>(counts.reference_tokens);
  return std::exp(logarithms) * (ratio > 1 ? 1 : std::exp(1 - 1. / ratio));
}

double SacrebleuIntl(absl::string_view hypothesis, absl::string_view reference) {
  const auto tokens = [](absl::string_view text) {
    text.remove_suffix(TrailingSpaceBytes(text));
    return IntlTokens(text);
  };
  const std::vector<std::vector<std::string>> references = {tokens(reference)};
  return SacrebleuScore(CountBleu(tokens(hypothesis), references, ReferenceLength::kClosest));
}

double PlainBleu(absl::string_view hypothesis, absl::string_view reference) {
  const std::vector<std::vector<std::string>> references = {Tokens13a(reference)};
  return PlainBleuScore(CountBleu(Tokens13a(hypothesis), references, ReferenceLength::kShortest));
}

}  // namespace bonsai
