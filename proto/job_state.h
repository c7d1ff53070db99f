// What follows from a job's state alone, for everybody who reads job records.
#ifndef BONSAI_PROTO_JOB_STATE_H_
#define BONSAI_PROTO_JOB_STATE_H_

#include "bonsai/v1/job.pb.h"

namespace bonsai {

// Nothing more happens to a job in this state, unless somebody asks for it to be tried again.
inline bool HasEnded(v1::JobState state) {
  return state == v1::DONE || state == v1::FAILED || state == v1::CANCELLED;
}

}  // namespace bonsai

#endif  // BONSAI_PROTO_JOB_STATE_H_
