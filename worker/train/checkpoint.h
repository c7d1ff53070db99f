// What a trainer needs to go on exactly where it was: parameters, moments, the step, the losses so far. The
// order of samples follows from the seed and the step. An artifact of kind "checkpoint", written in parts by
// the ranks that share a storage folder, read back by any number of ranks:
//
//   part-00000-of-00002.f32   a range of the parameters, then of the first, then of the second moments
//   losses.f32                one for each step done
//   ranges.u64                which values the parts hold (checkpoint_ranges.h), where ranks kept shares of
//                             the moments; several ranges of a part follow each other in each of its pieces
//   run.json                  what the run remembers of itself (run_record.h)
//   best.f32                  the parameters of the best validation, where the model is to be those
//
// The manifest's properties: format, step, parameters, parts, fingerprint, and "metric.<name>" of the step.
//
// Functions without state; safe from any thread.
#ifndef BONSAI_WORKER_TRAIN_CHECKPOINT_H_
#define BONSAI_WORKER_TRAIN_CHECKPOINT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "runner/runner.h"
#include "worker/train/best_model.h"
#include "worker/train/flat_range.h"
#include "worker/train/run_record.h"

namespace bonsai {

struct TrainState {
  uint64_t step = 0;  // updates done
  std::vector<float> parameters;
  std::vector<float> moment1;  // empty in a run: its optimizer holds them
  std::vector<float> moment2;
  std::vector<float> losses;  // one for each step done, nats per target
  RunRecord record;
  SharedParameters best;  // the parameters of record.best; null where there is none
};

// The most parts of a checkpoint.
inline constexpr uint32_t kCheckpointPartsMax = 1024;

// Part `part` of `parts`: whole blocks of 1024 values, shared out evenly; the last one may be shorter, and
// some are empty where there are fewer blocks than parts.
FlatRange PartRange(uint64_t parameters, uint32_t parts, uint32_t part);

using Metrics = std::vector<std::pair<std::string, double>>;

struct CheckpointHeader {
  uint64_t step = 0;
  uint64_t parameters = 0;
  std::string fingerprint;  // of all that must be the same for a resumed run to be the same run
  Metrics metrics;          // of the step; those that are not finite are left out
};

// The blobs of a checkpoint: parts in order, each of the bytes that PartRange says, or the ranges if there is
// a blob of them.
struct CheckpointBlobs {
  std::vector<v1::Blob> parts;
  v1::Blob losses;
  v1::Blob record;
  std::optional<v1::Blob> ranges;
  std::optional<v1::Blob> best;
};

v1::Manifest CheckpointManifest(const CheckpointHeader& header, const CheckpointBlobs& blobs);

// Reads one checkpoint of `parameters` parameters, and verifies every blob of it; of its moments only those
// of `share`, one range after the other, if there is one. Errors name the part: NotFound, DataLoss (a blob is
// missing or damaged); FailedPrecondition (another run's, another size).
absl::StatusOr<TrainState> LoadCheckpoint(RunnerContext& context, absl::string_view manifest_id,
                                          absl::string_view fingerprint, uint64_t parameters,
                                          const std::optional<std::vector<FlatRange>>& share = std::nullopt);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_CHECKPOINT_H_
