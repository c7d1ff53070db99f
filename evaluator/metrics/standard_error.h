// How uncertain a score is, as lm-evaluation-harness 0.4 has it. Called by suites. Pure functions.
#ifndef BONSAI_EVALUATOR_METRICS_STANDARD_ERROR_H_
#define BONSAI_EVALUATOR_METRICS_STANDARD_ERROR_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <span>

namespace bonsai {

double Mean(std::span<const double> values);  // 0 for none

// The sorted values' element n / 2: the harness's median. `values` is not empty.
double UpperMedian(std::span<const double> values);

// Of a mean: the sample's standard deviation / sqrt(n); nullopt for fewer than two values.
std::optional<double> MeanStandardError(std::span<const double> values);

// Of any other statistic (median, mcc, f1, perplexity, bleu, chrf): the sample's standard deviation of what
// `statistic` gives for `iterations` samples of the items' indices with replacement, drawn in chunks of
// 1,000; chunk i draws by CPython's Random(i).choices. The harness takes 100,000 iterations, and 100 for
// bleu, chrf and ter; a rest that fills no chunk is left out. nullopt for fewer than two items or iterations.
std::optional<double> BootstrapStandardError(size_t items, size_t iterations,
                                             const std::function<double(std::span<const size_t>)>& statistic);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_METRICS_STANDARD_ERROR_H_
