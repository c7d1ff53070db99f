#include "evaluator/holdout/holdout_result.h"

#include <cmath>

namespace bonsai {
namespace {

double Rounded(double value) { return std::round(value * kHoldoutSteps) / kHoldoutSteps; }

}  // namespace

void MakePublic(std::optional<double> overlap, Judgement* judgement) {
  judgement->items.clear();
  v1::SuiteResult& result = judgement->result;
  result.set_holdout(true);
  result.clear_answers_sha256();
  result.clear_notes();
  result.add_notes(
      "a secret suite: figures are rounded to two decimals of a percentage, and items are not told");
  for (v1::MetricResult& metric : *result.mutable_metrics()) {
    metric.set_value(Rounded(metric.value()));
    if (metric.has_stderr()) metric.set_stderr(Rounded(metric.stderr()));
    if (metric.has_floor()) metric.set_floor(Rounded(metric.floor()));
    // A constant answer's name would tell which answer is the commonest.
    if (metric.has_floor()) metric.set_floor_name("without a model");
    for (v1::Floor& floor : *metric.mutable_floors()) {
      floor.set_value(Rounded(floor.value()));
      floor.set_name("without a model");
    }
  }
  if (!result.degenerate().empty())
    result.set_degenerate("its answers are no model's: they do not depend on the question");
  if (overlap) result.set_overlap(Rounded(*overlap));
}

}  // namespace bonsai
