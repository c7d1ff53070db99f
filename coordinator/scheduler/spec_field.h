// A field of a job's spec by its path, "pretrain.optimizer.learning_rate".
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_SPEC_FIELD_H_
#define BONSAI_COORDINATOR_SCHEDULER_SPEC_FIELD_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/job.pb.h"

namespace bonsai {

// Sets a field of the spec, "pretrain.optimizer.learning_rate", to a value in text format; a string may come
// without quotes. InvalidArgument for a field that is not there, is repeated, or is another kind's, and for a
// value that the field does not take.
absl::Status SetSpecField(absl::string_view field, absl::string_view value, v1::JobSpec& spec);

// InvalidArgument as SetSpecField.
absl::StatusOr<bool> TakesWholeNumbers(absl::string_view field, const v1::JobSpec& spec);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_SPEC_FIELD_H_
