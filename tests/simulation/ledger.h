// What really happened in a simulation, whatever the coordinator came to know of it.
#ifndef BONSAI_TESTS_SIMULATION_LEDGER_H_
#define BONSAI_TESTS_SIMULATION_LEDGER_H_

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "bonsai/v1/job.pb.h"

namespace bonsai {

// Job, attempt, rank.
using RankId = std::tuple<std::string, uint32_t, uint32_t>;

struct Ledger {
  struct Made {
    v1::ArtifactRecord record;
    std::string job_id;
    uint32_t attempt = 0;
  };
  std::map<std::string, Made> artifacts;  // every one that a process wrote whole
  std::set<std::string> damaged;          // checkpoints whose blobs no longer verify
  std::set<RankId> started;
  std::set<RankId> exited_done;
  std::vector<std::string> violations;
};

}  // namespace bonsai

#endif  // BONSAI_TESTS_SIMULATION_LEDGER_H_
