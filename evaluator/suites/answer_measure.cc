#include "evaluator/suites/answer_measure.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "evaluator/accuracy.h"
#include "evaluator/suites/text_measure.h"

namespace bonsai {
namespace {

constexpr absl::string_view kOfChoices[] = {"acc", "acc_norm", "acc_bytes", "mc2"};
constexpr absl::string_view kOfWholeTexts[] = {"bits_per_byte", "byte_perplexity", "word_perplexity"};

// Unicode code points of valid UTF-8: Python's len.
size_t Characters(absl::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<uint8_t>(c) & 0xc0) != 0x80; });
}

// The right choices' share of the probability, as lm-evaluation-harness' truthfulqa_mc2 has it, but shifted
// by the largest loglikelihood, so that unlikely choices do not vanish.
double RightShare(const ScoredChoices& choices) {
  const double largest = *std::max_element(choices.scores.begin(), choices.scores.end());
  double all = 0, right = 0;
  for (size_t i = 0; i < choices.scores.size(); ++i) {
    const double share = std::exp(choices.scores[i] - largest);
    all += share;
    if (std::find(choices.right.begin(), choices.right.end(), i) != choices.right.end()) right += share;
  }
  return right / all;
}

}  // namespace

absl::Status CheckMeasure(absl::string_view measure, v1::Suite::Request request) {
  std::vector<std::string> valid;
  if (request == v1::Suite::GENERATION) {
    valid = TextMeasureNames();
    valid.emplace_back(kPassAt1);
  } else if (request == v1::Suite::ROLLING) {
    for (absl::string_view name : kOfWholeTexts) valid.emplace_back(name);
  } else {
    for (absl::string_view name : kOfChoices) valid.emplace_back(name);
  }
  if (std::find(valid.begin(), valid.end(), measure) != valid.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("measure \"", measure, "\" is not known; valid here: ", absl::StrJoin(valid, ", ")));
}

std::optional<double> MeasureCeiling(absl::string_view measure) {
  if (std::find(std::begin(kOfWholeTexts), std::end(kOfWholeTexts), measure) != std::end(kOfWholeTexts)) {
    return std::nullopt;
  }
  return TextMeasureCeiling(measure);
}

size_t TakenChoice(absl::string_view measure, const ScoredChoices& choices) {
  std::vector<double> scores(choices.scores.begin(), choices.scores.end());
  for (size_t i = 0; i < scores.size(); ++i) {
    // An empty text has no length to divide by; there, its own score stands.
    const size_t length = measure == "acc_norm"    ? Characters(choices.texts[i])
                          : measure == "acc_bytes" ? choices.texts[i].size()
                                                   : 1;
    scores[i] /= static_cast<double>(std::max<size_t>(1, length));
  }
  return Argmax(scores);
}

double MeasureChoices(absl::string_view measure, const ScoredChoices& choices) {
  if (measure == "mc2") return RightShare(choices);
  const size_t taken = TakenChoice(measure, choices);
  return std::find(choices.right.begin(), choices.right.end(), taken) != choices.right.end();
}

}  // namespace bonsai
