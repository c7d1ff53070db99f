#include "evaluator/suites/text_measure.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "evaluator/metrics/bag_f1.h"
#include "evaluator/metrics/longbench_scores.h"
#include "evaluator/metrics/rouge.h"
#include "evaluator/metrics/set_rouge.h"

namespace bonsai {
namespace {

constexpr absl::string_view kLmeval = "lmeval_";
constexpr absl::string_view kOpencompass = "opencompass_";
constexpr absl::string_view kParts[] = {"max", "diff", "acc"};
constexpr absl::string_view kOfReferences[] = {"rouge1",
                                               "rouge2",
                                               "rougeLsum",
                                               "longbench_qa_f1",
                                               "longbench_qa_f1_zh",
                                               "longbench_rouge",
                                               "longbench_rouge_zh",
                                               "longbench_count",
                                               "longbench_retrieval",
                                               "longbench_retrieval_zh",
                                               "longbench_classification",
                                               "longbench_code_lmeval",
                                               "longbench_code_opencompass"};

bool NumbersMatch(const std::string& response, const std::string& answer) {
  if (response == answer) return true;
  double said = 0;
  int64_t right = 0;
  if (!absl::SimpleAtod(response, &said) || !absl::SimpleAtoi(answer, &right)) return false;
  return std::fabs(said - static_cast<double>(right)) < 1e-6;
}

double PartOf(const Truthfulness& truthfulness, absl::string_view measure) {
  if (absl::EndsWith(measure, "_max")) return truthfulness.max;
  return absl::EndsWith(measure, "_diff") ? truthfulness.diff : truthfulness.acc;
}

}  // namespace

std::vector<std::string> TextMeasureNames() {
  std::vector<std::string> names = {"exact_match", "numeric_match"};
  for (absl::string_view similarity : {"bleu", "rouge1", "rouge2", "rougeL"}) {
    for (absl::string_view part : kParts) names.push_back(absl::StrCat(kLmeval, similarity, "_", part));
  }
  for (absl::string_view part : kParts) names.push_back(absl::StrCat(kOpencompass, "bleu_", part));
  for (absl::string_view name : kOfReferences) names.emplace_back(name);
  return names;
}

std::optional<double> TextMeasureCeiling(absl::string_view measure) {
  if (absl::EndsWith(measure, "_max")) return absl::StartsWith(measure, kLmeval) ? 100 : 1;
  if (absl::EndsWith(measure, "_diff")) return std::nullopt;
  return 1;
}

std::optional<double> MeasuredText::Value(absl::string_view measure) {
  if (measure == "exact_match") return text_.response == text_.answer;
  if (measure == "numeric_match") return NumbersMatch(text_.response, text_.answer);
  if (std::find(std::begin(kOfReferences), std::end(kOfReferences), measure) != std::end(kOfReferences)) {
    return BestOfRight(measure);
  }
  return Truthful(measure);
}

std::optional<double> MeasuredText::Truthful(absl::string_view measure) {
  // Without a true or a false answer there is nothing to be nearer to.
  if (text_.right.empty() || text_.wrong.empty()) return std::nullopt;
  const TruthfulReferences references = {.correct = text_.right, .incorrect = text_.wrong};
  if (absl::StartsWith(measure, kOpencompass)) {
    if (!opencompass_.has_value()) opencompass_ = JudgeAsOpencompass(text_.response, references);
    if (!opencompass_->has_value()) return std::nullopt;
    return PartOf(**opencompass_, measure);
  }
  if (!lmeval_.has_value()) lmeval_ = JudgeAsLmeval(text_.response, references);
  const absl::string_view similarity = absl::StripPrefix(measure, kLmeval);
  const Truthfulness& truthfulness = absl::StartsWith(similarity, "bleu")     ? lmeval_->bleu
                                     : absl::StartsWith(similarity, "rouge1") ? lmeval_->rouge1
                                     : absl::StartsWith(similarity, "rouge2") ? lmeval_->rouge2
                                                                              : lmeval_->rouge_l;
  return PartOf(truthfulness, measure);
}

double MeasuredText::BesideOne(absl::string_view measure, const std::string& reference) const {
  if (measure == "longbench_qa_f1") return QaF1(text_.response, reference);
  if (measure == "longbench_qa_f1_zh") return QaF1Chinese(text_.response, reference);
  if (measure == "longbench_rouge") return SetRougeL(text_.response, reference);
  if (measure == "longbench_rouge_zh") {
    return SetRougeL(absl::StrJoin(CutChinese(text_.response), " "),
                     absl::StrJoin(CutChinese(reference), " "));
  }
  if (measure == "longbench_count") return CountScore(text_.response, reference);
  if (measure == "longbench_retrieval") return RetrievalScore(text_.response, reference, "Paragraph ");
  if (measure == "longbench_retrieval_zh") return RetrievalScore(text_.response, reference, "段落");
  if (measure == "longbench_classification")
    return ClassificationScore(text_.response, reference, text_.wrong);
  if (measure == "longbench_code_lmeval") return CodeScore(text_.response, reference, FuzzMethod::kDifflib);
  if (measure == "longbench_code_opencompass")
    return CodeScore(text_.response, reference, FuzzMethod::kLevenshtein);
  const RougeScores scores = Rouge(text_.response, reference);
  return measure == "rouge1" ? scores.rouge1 : measure == "rouge2" ? scores.rouge2 : scores.rouge_lsum;
}

double MeasuredText::BestOfRight(absl::string_view measure) const {
  if (text_.right.empty()) return BesideOne(measure, text_.answer);
  double best = 0;
  for (const std::string& reference : text_.right) best = std::max(best, BesideOne(measure, reference));
  return best;
}

}  // namespace bonsai
