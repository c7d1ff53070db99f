// LongBench's scores that are not a bag F1 or a ROUGE (Y. Bai et al., 2023): of one answer, 0 to 1. Called by
// its suite. Pure functions.
#ifndef BONSAI_EVALUATOR_METRICS_LONGBENCH_SCORES_H_
#define BONSAI_EVALUATOR_METRICS_LONGBENCH_SCORES_H_

#include <span>
#include <string>

#include "absl/strings/string_view.h"
#include "evaluator/metrics/sequence_ratio.h"

namespace bonsai {

// The share of the answer's integers that are `reference`; 0 if there is none.
double CountScore(absl::string_view answer, absl::string_view reference);

// The same with the first integer behind `prefix` ("Paragraph ", "段落") in the reference.
double RetrievalScore(absl::string_view answer, absl::string_view reference, absl::string_view prefix);

// 1 / (classes named in the answer), if the reference is one of them. A class that is a part of the
// reference's name does not count; as in the original, the class behind one that is dropped is not looked at.
double ClassificationScore(absl::string_view answer, absl::string_view reference,
                           std::span<const std::string> classes);

// FuzzRatio / 100 of the reference and the answer's first line without a backquote, '#' or "//". kDifflib
// (lm-evaluation-harness) passes over blank lines, kLevenshtein (OpenCompass) over line ends in front only.
double CodeScore(absl::string_view answer, absl::string_view reference, FuzzMethod method);

// What trec, triviaqa, samsum and lsht are scored on: the first line, line ends in front left out.
absl::string_view FirstLine(absl::string_view answer);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_METRICS_LONGBENCH_SCORES_H_
