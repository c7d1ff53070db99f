// What an answer is worth, by the names that suites' metrics have for it. Called by suites that are data.
// Pure functions.
//
// Of choices: acc (the likeliest is right), acc_norm and acc_bytes (the likeliest by character, by byte), mc2
// (the right ones' share of the probability). Of whole texts: bits_per_byte, byte_perplexity,
// word_perplexity. Of what a model says: text_measure.h's, and pass@1.
#ifndef BONSAI_EVALUATOR_SUITES_ANSWER_MEASURE_H_
#define BONSAI_EVALUATOR_SUITES_ANSWER_MEASURE_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/suite.pb.h"

namespace bonsai {

// The measure whose value is a CodeJudge's verdict, and none of the functions' here.
inline constexpr absl::string_view kPassAt1 = "pass@1";

// InvalidArgument lists the measures that go with the request if this is none of them.
absl::Status CheckMeasure(absl::string_view measure, v1::Suite::Request request);

// The largest value that the measure can have; nullopt where it has none.
std::optional<double> MeasureCeiling(absl::string_view measure);

// The model's view of a question's choices.
struct ScoredChoices {
  std::span<const double> scores;  // one for each, the higher the better; not empty
  std::span<const std::string> texts;
  std::span<const size_t> right;
};

// Which choice is taken, the first of equals.
size_t TakenChoice(absl::string_view measure, const ScoredChoices& choices);

// 0 to 1.
double MeasureChoices(absl::string_view measure, const ScoredChoices& choices);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITES_ANSWER_MEASURE_H_
