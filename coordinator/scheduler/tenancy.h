// Whose a pipeline, a job or a schedule is, and who may see and touch it.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_TENANCY_H_
#define BONSAI_COORDINATOR_SCHEDULER_TENANCY_H_

#include <string>

#include "absl/strings/string_view.h"
#include "coordinator/scheduler/scheduler.h"

namespace bonsai {

// What was stored before there were tenants is the default one's.
inline absl::string_view TenantOf(absl::string_view stored) { return stored.empty() ? "default" : stored; }

// Whether the actor may see and touch what belongs to a tenant. To one who may not, it does not exist.
inline bool MayTouch(const Actor& actor, absl::string_view tenant) {
  return actor.admin || TenantOf(actor.tenant) == TenantOf(tenant);
}

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_TENANCY_H_
