// How the corpora of a mixture take turns: whose next document comes next, so that after every document each
// corpus has its share of the tokens, to within the length of a document.
//
// Called by the pack runner. Pure functions.
#ifndef BONSAI_WORKER_DATA_MIXTURE_H_
#define BONSAI_WORKER_DATA_MIXTURE_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"

namespace bonsai {

// The part that has the fewest tokens for its weight, the first of several. Weights are above 0, one for each
// part; there is at least one.
size_t NextPart(absl::Span<const double> weights, absl::Span<const uint64_t> tokens);

// The document of `documents` (at least 1) at which a part begins.
uint64_t FirstDocument(uint64_t seed, size_t part, uint64_t documents);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_MIXTURE_H_
