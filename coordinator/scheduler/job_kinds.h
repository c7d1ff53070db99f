// The table of job kinds: what each gives. A kind is a field of JobSpec.spec; adding one is a message in
// proto/bonsai/v1/spec.proto, a row here, and a runner called bonsai-run-<kind>.
#ifndef BONSAI_COORDINATOR_SCHEDULER_JOB_KINDS_H_
#define BONSAI_COORDINATOR_SCHEDULER_JOB_KINDS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "bonsai/v1/job.pb.h"

namespace bonsai {

// The name of the spec that is set ("pretrain"), or "" if none is.
std::string JobKind(const v1::JobSpec& spec);

// The kind of artifact that jobs of a kind give: "pretrain" -> "model". Empty for an unknown kind.
absl::string_view OutputKind(absl::string_view job_kind);
// The kind that this job gives: that of its kind, but a part of a split evaluation gives "answers".
absl::string_view OutputKind(const v1::JobSpec& spec);

// The device class that the job needs, or "": a benchmark's target.
std::string DeviceTarget(const v1::JobSpec& spec);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_JOB_KINDS_H_
