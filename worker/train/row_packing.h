// Which sequences share a row: as few rows as best fit finds, then filled as evenly as may be, so that the
// longest row, to which the others are padded, is short.
//
// Called by InstructionSource for each step's batch. A pure function: the same lengths give the same rows.
#ifndef BONSAI_WORKER_TRAIN_ROW_PACKING_H_
#define BONSAI_WORKER_TRAIN_ROW_PACKING_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace bonsai {

// The sequences of each row, by their index in `lengths`, which are 1 to `room` each: every sequence is in
// one row, no row is empty, and no row's lengths add up to more than `room`. The number of rows is that of
// best fit, longest first (Johnson 1973: at most 11/9 of the least, and 4), rounded up to a multiple of
// `rows_multiple` (at least 1), or to a row for each sequence if there are fewer, where they fit evenly.
std::vector<std::vector<uint32_t>> PackRows(absl::Span<const uint32_t> lengths, uint32_t room,
                                            uint32_t rows_multiple);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_ROW_PACKING_H_
