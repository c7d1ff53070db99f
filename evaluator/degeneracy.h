// Whether a suite's answers are those of a model at all: a program that always says the same can beat models.
// Called by the evaluation. Pure functions.
#ifndef BONSAI_EVALUATOR_DEGENERACY_H_
#define BONSAI_EVALUATOR_DEGENERACY_H_

#include <span>
#include <string>

#include "absl/strings/string_view.h"
#include "bonsai/v1/report.pb.h"

namespace bonsai {

// Why the answers are no model's, for people: "answers A to 1221 of 1221 questions"; empty if nothing is
// wrong. Looked for, in this order, over at least 10 items: blank outputs, one answer, one output, outputs
// that only repeat a short text; each in at least 98 of 100 items. One answer is no sign where the questions
// expect one answer, nor one output where there is one prompt.
std::string FindDegeneracy(std::span<const v1::ItemResult> items);

// Whether the text is one piece of at most 32 bytes, at least 8 times in a row and nothing else (its last
// time may be cut short).
bool RepeatsItself(absl::string_view text);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_DEGENERACY_H_
