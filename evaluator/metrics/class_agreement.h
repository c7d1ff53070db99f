// How predicted classes agree with the right ones, as scikit-learn has it. Called by suites. Pure functions;
// the two lists are equally long and not empty.
#ifndef BONSAI_EVALUATOR_METRICS_CLASS_AGREEMENT_H_
#define BONSAI_EVALUATOR_METRICS_CLASS_AGREEMENT_H_

#include <cstdint>
#include <span>

namespace bonsai {

// Matthews' correlation of any number of classes, -1 to 1; 0 where one side has one class only (J. Gorodkin,
// 2004).
double MatthewsCorrelation(std::span<const int32_t> expected, std::span<const int32_t> predicted);

// f1_score(average="binary"): of class 1; 0 if it is neither expected nor predicted.
double BinaryF1(std::span<const int32_t> expected, std::span<const int32_t> predicted);

// f1_score(average="macro"): the mean over the classes that are expected or predicted.
double MacroF1(std::span<const int32_t> expected, std::span<const int32_t> predicted);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_METRICS_CLASS_AGREEMENT_H_
