#include "evaluator/metrics/set_rouge.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "evaluator/metrics/longest_subsequence.h"
#include "evaluator/white_space.h"

namespace bonsai {
namespace {

using Sentence = std::vector<std::string>;

// A sentence of white space alone has one word, which is empty: the package splits "" at " ".
std::vector<Sentence> Sentences(absl::string_view text) {
  std::vector<Sentence> sentences;
  for (absl::string_view part : absl::StrSplit(text, '.', absl::SkipEmpty())) {
    Sentence& sentence = sentences.emplace_back();
    for (absl::string_view word : SplitSpace(part)) sentence.emplace_back(word);
    if (sentence.empty()) sentence.emplace_back();
  }
  return sentences;
}

std::set<std::string> WordsOf(const std::vector<Sentence>& sentences) {
  std::set<std::string> words;
  for (const Sentence& sentence : sentences) words.insert(sentence.begin(), sentence.end());
  return words;
}

}  // namespace

double SetRougeL(absl::string_view prediction, absl::string_view reference) {
  const std::vector<Sentence> predicted = Sentences(prediction);
  const std::vector<Sentence> expected = Sentences(reference);
  if (predicted.empty() || expected.empty()) return 0;
  std::set<std::string> shared;
  for (const Sentence& sentence : expected) {
    for (const Sentence& other : predicted) {
      for (size_t i : LongestSubsequence(sentence, other, SubsequenceTie::kSkipSecond))
        shared.insert(sentence[i]);
    }
  }
  const auto share = [&shared](const std::vector<Sentence>& sentences) {
    return static_cast<double>(shared.size()) / static_cast<double>(WordsOf(sentences).size());
  };
  const double precision = share(predicted);
  const double recall = share(expected);
  return 2.0 * ((precision * recall) / (precision + recall + 1e-8));
}

}  // namespace bonsai
