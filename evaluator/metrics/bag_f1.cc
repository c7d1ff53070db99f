#include "evaluator/metrics/bag_f1.h"

#include <algorithm>

#include "evaluator/metrics/ngram_counts.h"
#include "evaluator/metrics/unicode_text.h"
#include "evaluator/white_space.h"

namespace bonsai {
namespace {

bool IsSpace(char32_t c) { return StripSpace(EncodeUtf8(std::u32string(1, c))).empty(); }

// re.sub(r"\b(a|an|the)\b", " ", text): whole runs of word characters.
std::u32string WithoutArticles(const std::u32string& text) {
  std::u32string out;
  for (size_t i = 0; i < text.size();) {
    if (!IsWordCharacter(text[i])) {
      out += text[i++];
      continue;
    }
    const size_t start = i;
    while (i < text.size() && IsWordCharacter(text[i])) ++i;
    const std::u32string word = text.substr(start, i - start);
    out += word == U"a" || word == U"an" || word == U"the" ? U" " : word;
  }
  return out;
}

}  // namespace

double BagF1(std::span<const std::string> answer, std::span<const std::string> reference) {
  const NgramCounts given(answer, 1);
  const NgramCounts expected(reference, 1);
  const auto shared = static_cast<double>(given.Common(expected));
  if (shared == 0) return 0;
  const double precision = shared / static_cast<double>(given.total());
  const double recall = shared / static_cast<double>(expected.total());
  return 2 * precision * recall / (precision + recall);
}

std::vector<std::string> AnswerWords(absl::string_view text) {
  std::u32string kept = DecodeUtf8(LowerCase(text));
  kept.erase(std::remove_if(kept.begin(), kept.end(), IsAsciiPunctuation), kept.end());
  const std::string plain = EncodeUtf8(WithoutArticles(kept));
  std::vector<std::string> words;
  for (absl::string_view word : SplitSpace(plain)) words.emplace_back(word);
  return words;
}

double QaF1(absl::string_view answer, absl::string_view reference) {
  return BagF1(AnswerWords(answer), AnswerWords(reference));
}

std::vector<std::string> CutChinese(absl::string_view text) {
  std::vector<std::string> words;
  bool in_run = false;
  for (const char32_t c : DecodeUtf8(text)) {
    const bool part = IsWordCharacter(c) && !IsUnspacedScript(c);
    if (!IsSpace(c)) {
      if (!part || !in_run) words.emplace_back();
      words.back() += EncodeUtf8(std::u32string(1, c));
    }
    in_run = part;
  }
  return words;
}

std::vector<std::string> ChineseAnswerWords(absl::string_view text) {
  std::vector<std::string> words;
  for (const std::string& word : CutChinese(LowerCase(text))) {
    std::u32string kept = DecodeUtf8(word);
    kept.erase(
        std::remove_if(kept.begin(), kept.end(), [](char32_t c) { return IsPunctuation(c) || IsSymbol(c); }),
        kept.end());
    if (!kept.empty()) words.push_back(EncodeUtf8(kept));
  }
  return words;
}

double QaF1Chinese(absl::string_view answer, absl::string_view reference) {
  return BagF1(ChineseAnswerWords(answer), ChineseAnswerWords(reference));
}

}  // namespace bonsai
