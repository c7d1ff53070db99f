// The jobs that a page has room for: those that run, those that wait, and those that ended last.
//
// Filled by TakeJobBoard (coordinator/rpc), shown by JobsPage. A value.
#ifndef BONSAI_COORDINATOR_WEB_JOB_BOARD_H_
#define BONSAI_COORDINATOR_WEB_JOB_BOARD_H_

#include <cstdint>
#include <map>
#include <vector>

#include "bonsai/v1/coordinator.pb.h"

namespace bonsai {

inline constexpr size_t kBoardRunningMax = 200;
inline constexpr size_t kBoardWaitingMax = 100;
inline constexpr size_t kBoardEndedMax = 50;

struct JobBoard {
  std::map<v1::JobState, uint64_t> by_state;  // of all jobs on record
  std::vector<v1::JobStatus> running;  // in the order of submission; also those that are being cancelled
  std::vector<v1::JobStatus> waiting;  // in the order of submission
  std::vector<v1::JobStatus> ended;    // newest first
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_JOB_BOARD_H_
