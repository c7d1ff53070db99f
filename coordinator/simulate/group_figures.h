// Counts and waiting times of the jobs of a tenant or a queue.
//
// A value.
#ifndef BONSAI_COORDINATOR_SIMULATE_GROUP_FIGURES_H_
#define BONSAI_COORDINATOR_SIMULATE_GROUP_FIGURES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "bonsai/v1/simulation.pb.h"

namespace bonsai {

class GroupFigures {
 public:
  explicit GroupFigures(const std::string& name) { group_.set_name(name); }

  // Counts and hours, to be added to.
  v1::SimulationReport::Group& counts() { return group_; }
  // A job started for the first time.
  void AddWait(absl::Duration wait) { waits_.push_back(absl::ToDoubleSeconds(wait)); }

  // With the waiting times; a percentile is the smallest wait that at least so many of the jobs had at most.
  v1::SimulationReport::Group Report() const;

 private:
  v1::SimulationReport::Group group_;
  std::vector<double> waits_;  // seconds
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SIMULATE_GROUP_FIGURES_H_
