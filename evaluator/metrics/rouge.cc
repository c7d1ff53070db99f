#include "evaluator/metrics/rouge.h"

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "evaluator/metrics/longest_subsequence.h"
#include "evaluator/metrics/ngram_counts.h"
#include "evaluator/metrics/unicode_text.h"

namespace bonsai {
namespace {

using Tokens = std::vector<std::string>;

Tokens Tokenize(absl::string_view text) {
  Tokens tokens;
  bool in_token = false;
  for (const char c : LowerCase(text)) {
    const bool part = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (part && !in_token) tokens.emplace_back();
    if (part) tokens.back() += c;
    in_token = part;
  }
  return tokens;
}

std::vector<Tokens> TokenizeLines(absl::string_view text) {
  std::vector<Tokens> lines;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty()))
    lines.push_back(Tokenize(line));
  return lines;
}

double FMeasure(double precision, double recall) {
  return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
}

double FMeasure(uint64_t common, uint64_t predicted, uint64_t expected) {
  const auto share = [common](uint64_t n) {
    return static_cast<double>(common) / static_cast<double>(n == 0 ? 1 : n);
  };
  return FMeasure(share(predicted), share(expected));
}

double RougeN(const Tokens& prediction, const Tokens& reference, size_t order) {
  const NgramCounts predicted(prediction, order);
  const NgramCounts expected(reference, order);
  return FMeasure(expected.Common(predicted), predicted.total(), expected.total());
}

double RougeLsum(const std::vector<Tokens>& prediction, const std::vector<Tokens>& reference) {
  uint64_t predicted = 0;
  uint64_t expected = 0;
  std::unordered_map<std::string, uint64_t> left_predicted;
  std::unordered_map<std::string, uint64_t> left_expected;
  for (const Tokens& line : prediction) {
    predicted += line.size();
    for (const std::string& token : line) ++left_predicted[token];
  }
  for (const Tokens& line : reference) {
    expected += line.size();
    for (const std::string& token : line) ++left_expected[token];
  }
  uint64_t hits = 0;
  for (const Tokens& line : reference) {
    std::vector<bool> in_union(line.size());
    for (const Tokens& other : prediction) {
      for (size_t i : LongestSubsequence(line, other, SubsequenceTie::kSkipFirst)) in_union[i] = true;
    }
    for (size_t i = 0; i < line.size(); ++i) {
      uint64_t& of_prediction = left_predicted[line[i]];
      uint64_t& of_reference = left_expected[line[i]];
      if (!in_union[i] || of_prediction == 0 || of_reference == 0) continue;
      ++hits;
      --of_prediction;
      --of_reference;
    }
  }
  return FMeasure(hits, predicted, expected);
}

}  // namespace

RougeScores Rouge(absl::string_view prediction, absl::string_view reference) {
  const Tokens predicted = Tokenize(prediction);
  const Tokens expected = Tokenize(reference);
  return {.rouge1 = RougeN(predicted, expected, 1),
          .rouge2 = RougeN(predicted, expected, 2),
          .rouge_lsum = RougeLsum(TokenizeLines(prediction), TokenizeLines(reference))};
}

RougeScores RougePercentOfSentences(absl::string_view prediction, absl::string_view reference) {
  const auto lines = [](absl::string_view text) { return absl::StrReplaceAll(text, {{" . ", ".\n"}}); };
  const RougeScores scores = Rouge(lines(prediction), lines(reference));
  return {
      .rouge1 = scores.rouge1 * 100, .rouge2 = scores.rouge2 * 100, .rouge_lsum = scores.rouge_lsum * 100};
}

}  // namespace bonsai
