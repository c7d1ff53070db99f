#include "evaluator/suites/text_measure.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "evaluator/metrics/rouge.h"

namespace bonsai {
namespace {

constexpr absl::string_view kLmeval = "lmeval_";
constexpr absl::string_view kOpencompass = "opencompass_";
constexpr absl::string_view kParts[] = {"max", "diff", "acc"};
constexpr absl::string_view kRouges[] = {"rouge1", "rouge2", "rougeLsum"};

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
  for (absl::string_view rouge : kRouges) names.emplace_back(rouge);
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
  if (std::find(std::begin(kRouges), std::end(kRouges), measure) != std::end(kRouges))
    return BestRouge(measure);
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

double MeasuredText::BestRouge(absl::string_view measure) const {
  std::vector<std::string> references = text_.right;
  if (references.empty()) references.push_back(text_.answer);
  double best = 0;
  for (const std::string& reference : references) {
    const RougeScores scores = Rouge(text_.response, reference);
    best = std::max(best, measure == "rouge1"   ? scores.rouge1
                          : measure == "rouge2" ? scores.rouge2
                                                : scores.rouge_lsum);
  }
  return best;
}

}  // namespace bonsai
