// What an earlier agent of the same work_dir left behind: runner processes and their folders.
//
// Called once by an agent that starts, before it starts runners. Functions without state.
#ifndef BONSAI_WORKER_AGENT_LEFTOVER_H_
#define BONSAI_WORKER_AGENT_LEFTOVER_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bonsai {

// The environment variable that names a rank's folder to all that its runner starts.
inline constexpr char kRankFolderVariable[] = "BONSAI_RANK_FOLDER";

// When the process started, in clock ticks since the machine did: with its id, a name that is not used again.
// NotFound if there is no such process.
absl::StatusOr<uint64_t> ProcessStartTicks(pid_t pid);

// Kills what still runs of each rank below `work_dir`, waits until it is gone (2 s at most) and removes the
// folders. Returns the number of folders.
size_t RemoveLeftovers(const std::string& work_dir);

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_LEFTOVER_H_
