// F1 of the words that an answer shares with a reference, order not counted: what question answering is
// scored by (P. Rajpurkar et al., "SQuAD", 2016; LongBench's qa_f1_score). Called by suites. Pure functions.
#ifndef BONSAI_EVALUATOR_METRICS_BAG_F1_H_
#define BONSAI_EVALUATOR_METRICS_BAG_F1_H_

#include <span>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace bonsai {

// 0 to 1; 0 if they share nothing.
double BagF1(std::span<const std::string> answer, std::span<const std::string> reference);

// Lower-cased, without ASCII punctuation and the articles a, an, the, split at white space.
std::vector<std::string> AnswerWords(absl::string_view text);
double QaF1(absl::string_view answer, absl::string_view reference);

// Chinese text in words. LongBench has jieba's dictionary cut it; Bonsai has none, so its rule is: every Han,
// Hiragana, Katakana and Bopomofo character is a word, as is every run of other letters and numbers, and
// every other character that is no white space. Scores by it are not LongBench's own, and the suites'
// versions say so.
std::vector<std::string> CutChinese(absl::string_view text);
// The same lower-cased, without punctuation and symbols.
std::vector<std::string> ChineseAnswerWords(absl::string_view text);
double QaF1Chinese(absl::string_view answer, absl::string_view reference);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_METRICS_BAG_F1_H_
