// What a text is worth beside references, by the names that suites' metrics have for it. Texts are measured
// by several measures at once (BLEU's max, diff and acc), and what these share is computed once. Called by
// suites that are data.
//
// Of every suite: exact_match, and numeric_match (OpenCompass' GSM8K: equal, or the numbers differ by less
// than 1e-6). Of TruthfulQA's generation: lmeval_bleu_max and its like (bleu, rouge1, rouge2, rougeL; max,
// diff, acc), opencompass_bleu_max and its like. Of summaries: rouge1, rouge2, rougeLsum, the best of the
// right answers', or the answer's; 0 to 1.
//
// Of LongBench: longbench_qa_f1, longbench_rouge, longbench_count, longbench_retrieval, longbench_code_lmeval
// and longbench_code_opencompass, the best of the right answers'; longbench_classification, too, where the
// wrong answers are all classes. longbench_qa_f1_zh, longbench_rouge_zh and longbench_retrieval_zh are of
// Chinese texts, which are cut into words by a rule of our own (bag_f1.h), not by LongBench's dictionary.
//
// One thread at a time.
#ifndef BONSAI_EVALUATOR_SUITES_TEXT_MEASURE_H_
#define BONSAI_EVALUATOR_SUITES_TEXT_MEASURE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "evaluator/metrics/truthfulness.h"

namespace bonsai {

struct TextAnswer {
  std::string response;  // as the suite reads it out of what the model said
  std::string answer;
  std::vector<std::string> right, wrong;

  friend bool operator==(const TextAnswer&, const TextAnswer&) = default;
};

// Every measure's name.
std::vector<std::string> TextMeasureNames();

// The largest value that the measure can have; nullopt where it has none.
std::optional<double> TextMeasureCeiling(absl::string_view measure);

class MeasuredText {
 public:
  explicit MeasuredText(TextAnswer text) : text_(std::move(text)) {}

  const TextAnswer& text() const { return text_; }
  // `measure` is one of TextMeasureNames(). nullopt where the measure leaves this text out.
  std::optional<double> Value(absl::string_view measure);

 private:
  std::optional<double> Truthful(absl::string_view measure);
  double BestOfRight(absl::string_view measure) const;
  double BesideOne(absl::string_view measure, const std::string& reference) const;

  TextAnswer text_;
  std::optional<LmevalTruthfulness> lmeval_;
  std::optional<std::optional<Truthfulness>> opencompass_;  // the inner one: a blank answer has none
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITES_TEXT_MEASURE_H_
