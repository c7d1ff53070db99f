// Multiple-choice scoring: which answer a model chose, how often it is right, and what a constant answer gets
// on the same questions. Called by suites. Pure functions.
#ifndef BONSAI_EVALUATOR_ACCURACY_H_
#define BONSAI_EVALUATOR_ACCURACY_H_

#include <cstddef>
#include <span>
#include <string>

#include "bonsai/v1/report.pb.h"

namespace bonsai {

// The index of the largest value, the first of equals (numpy's argmax). `values` is not empty.
size_t Argmax(std::span<const double> values);

// The metric "acc": the share of `correct` out of `total`, with the standard error of a mean: the sample's
// standard deviation / sqrt(total) (lm-evaluation-harness's mean_stderr; unset for fewer than two questions).
// total > 0.
v1::MetricResult AccuracyMetric(size_t correct, size_t total);

// Sets the metric's floor: the share of the most frequent answer, which a program gets that always says it.
void SetConstantAnswerFloor(std::span<const std::string> answers, v1::MetricResult* metric);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_ACCURACY_H_
