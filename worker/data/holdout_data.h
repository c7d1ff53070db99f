// A data job of format SEALED: a secret suite's questions, as they were sealed, become an artifact of kind
// "holdout". Nobody here can read them: the job needs no key, and its artifact tells their size only.
//
// Called by RunData. One thread.
#ifndef BONSAI_WORKER_DATA_HOLDOUT_DATA_H_
#define BONSAI_WORKER_DATA_HOLDOUT_DATA_H_

#include "absl/status/status.h"
#include "bonsai/v1/spec.pb.h"
#include "runner/runner.h"

namespace bonsai {

// Whether any of the sources is sealed.
bool IsHoldoutData(const v1::DataSpec& spec);

// Publishes the one sealed file that the spec names. InvalidArgument names the field that goes with no sealed
// file, or says that the file is none; FailedPrecondition if its digest is not the spec's; as
// ListMatchingFiles and RunnerContext.
absl::Status RunHoldoutData(RunnerContext& context);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_HOLDOUT_DATA_H_
