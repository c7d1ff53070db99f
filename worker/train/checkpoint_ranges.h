// Which values the parts of a checkpoint hold, where it is not PartRange that says so: the file "ranges.u64"
// of checkpoints that ranks with shares of the optimizer's moments wrote.
//
// Functions without state; safe from any thread.
#ifndef BONSAI_WORKER_TRAIN_CHECKPOINT_RANGES_H_
#define BONSAI_WORKER_TRAIN_CHECKPOINT_RANGES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "worker/train/flat_range.h"

namespace bonsai {

// The most ranges of a checkpoint.
inline constexpr uint64_t kCheckpointRangesMax = uint64_t{1} << 20;
// Of one range: begin, end and part, as 64-bit numbers, the lowest byte first.
inline constexpr uint64_t kRangeBytes = 24;

// An owner is a part.
std::string EncodeRanges(absl::Span<const OwnedRange> ranges);

// DataLoss unless these are ranges of `parts` parts, in order, none empty, that hold each of `parameters`
// values once.
absl::StatusOr<std::vector<OwnedRange>> DecodeRanges(absl::string_view bytes, uint64_t parameters,
                                                     uint32_t parts);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_CHECKPOINT_RANGES_H_
