// The jobs of a simulation in the order in which they are submitted.
//
// A value; the same simulation gives the same jobs.
#ifndef BONSAI_COORDINATOR_SIMULATE_ARRIVALS_H_
#define BONSAI_COORDINATOR_SIMULATE_ARRIVALS_H_

#include <cstddef>
#include <optional>
#include <queue>
#include <vector>

#include "absl/time/time.h"
#include "bonsai/v1/simulation.pb.h"
#include "coordinator/simulate/random_draw.h"

namespace bonsai {

struct Arrival {
  absl::Duration at;  // since the start
  const v1::JobStream* job = nullptr;
  absl::Duration length;  // with all the ranks it asks for
};

class Arrivals {
 public:
  // `simulation` was checked, and outlives this.
  explicit Arrivals(const v1::Simulation& simulation);

  // nullopt: there are no more.
  std::optional<Arrival> Next();

 private:
  struct Source {
    const v1::JobStream* job;
    RandomDraw random;
    absl::Duration next;
    absl::Duration until;
    bool once;
  };
  struct Later {
    const std::vector<Source>& sources;
    bool operator()(size_t a, size_t b) const {
      return sources[a].next != sources[b].next ? sources[a].next > sources[b].next : a > b;
    }
  };

  void Push(size_t source);

  std::vector<Source> sources_;
  std::priority_queue<size_t, std::vector<size_t>, Later> order_{Later{sources_}};
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SIMULATE_ARRIVALS_H_
