#include "coordinator/simulate/arrivals.h"

namespace bonsai {

Arrivals::Arrivals(const v1::Simulation& simulation) {
  const double hours = simulation.hours() == 0 ? 24 : simulation.hours();
  uint64_t number = 0;
  for (const v1::JobStream& stream : simulation.streams()) {
    RandomDraw random(simulation.seed(), ++number);
    if (stream.jobs_per_hour() <= 0) continue;
    const absl::Duration first =
        absl::Hours(stream.from_hour() + random.Exponential(1 / stream.jobs_per_hour()));
    const double until = stream.until_hour() == 0 ? hours : stream.until_hour();
    sources_.push_back({&stream, random, first, absl::Hours(until), false});
  }
  for (const v1::SimulatedJob& job : simulation.jobs()) {
    const absl::Duration at = absl::Hours(job.submit_hour());
    sources_.push_back({&job.job(), RandomDraw(simulation.seed(), ++number), at, at, true});
  }
  for (size_t i = 0; i < sources_.size(); ++i) Push(i);
}

void Arrivals::Push(size_t source) {
  if (sources_[source].next <= sources_[source].until) order_.push(source);
}

std::optional<Arrival> Arrivals::Next() {
  if (order_.empty()) return std::nullopt;
  const size_t index = order_.top();
  order_.pop();
  Source& source = sources_[index];
  const Arrival arrival = {source.next, source.job, source.random.Draw(source.job->duration())};
  if (!source.once) {
    source.next += absl::Hours(source.random.Exponential(1 / source.job->jobs_per_hour()));
    Push(index);
  }
  return arrival;
}

}  // namespace bonsai
