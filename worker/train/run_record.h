// What a run remembers of itself from attempt to attempt, beside its state: the curves of its report,
// validations, rewinds, how long it took. Each checkpoint holds it (run.json), so that a run that goes back
// to a checkpoint, or is resumed from it, forgets what came after.
//
// A value; pure.
#ifndef BONSAI_WORKER_TRAIN_RUN_RECORD_H_
#define BONSAI_WORKER_TRAIN_RUN_RECORD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "worker/train/step_order.h"

namespace bonsai {

struct RunRecord {
  // The most of each list; and of the bytes of its text.
  static constexpr size_t kListMax = 8192;
  static constexpr size_t kBytesMax = 4 << 20;

  struct Point {  // since the point before, but for the first four
    uint64_t step = 0;
    double loss = 0;  // nats per target
    double gradient_norm = 0;
    double learning_rate = 0;
    double tokens_per_second = 0;
    double utilization = 0;  // of the peak, 0 to 1
    double checkpoint_stall_seconds = 0;
  };
  struct Validation {
    uint64_t step = 0;
    double loss = 0;  // nats per target

    bool operator==(const Validation&) const = default;
  };

  std::vector<Point> points;            // steps increasing
  std::vector<Validation> validations;  // steps increasing
  std::vector<Rewind> rewinds;          // in the order in which they were
  std::optional<Validation> best;       // of all validations, where the model is to be the best one
  uint32_t attempts = 0;
  double seconds = 0;            // of all attempts, from their first step on
  double predicted_seconds = 0;  // of the whole run, said at its beginning; 0: not yet
  uint64_t predicted_steps = 0;  // of the run of which it was said: another job may go on with this one
  double data_wait_seconds = 0;  // of all attempts
  double peak_memory_bytes = 0;  // of rank 0's process, in any attempt

  void AddPoint(const Point& point);
  // This is the record of where a run went back to: takes from the one before what going back does not undo.
  void GoOnAfter(const RunRecord& before, const Rewind& rewind);
  // Where there are too many, every other one is forgotten.
  void AddValidation(const Validation& validation);

  std::string ToJson() const;
  // DataLoss names the field, what it is and what would be valid.
  static absl::StatusOr<RunRecord> FromJson(absl::string_view text);
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_RUN_RECORD_H_
