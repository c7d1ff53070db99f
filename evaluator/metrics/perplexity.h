// Perplexities from loglikelihoods (natural logarithms), as lm-evaluation-harness 0.4 has them. Called by
// suites. Pure functions; no list is empty, and the sum of the sizes is > 0.
#ifndef BONSAI_EVALUATOR_METRICS_PERPLEXITY_H_
#define BONSAI_EVALUATOR_METRICS_PERPLEXITY_H_

#include <cstdint>
#include <span>

namespace bonsai {

// exp(-mean of the documents' loglikelihoods)
double Perplexity(std::span<const double> loglikelihoods);

// exp(-sum of the loglikelihoods / sum of the sizes): per word or byte, whatever the sizes count.
double WeightedPerplexity(std::span<const double> loglikelihoods, std::span<const uint64_t> sizes);

// -sum of the loglikelihoods / sum of the bytes / ln 2
double BitsPerByte(std::span<const double> loglikelihoods, std::span<const uint64_t> bytes);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_METRICS_PERPLEXITY_H_
