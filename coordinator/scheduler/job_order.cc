#include "coordinator/scheduler/job_order.h"

#include <algorithm>
#include <functional>
#include <queue>

namespace bonsai {

std::vector<size_t> TopologicalOrder(const std::vector<std::vector<size_t>>& needs) {
  std::vector<std::vector<size_t>> needed_by(needs.size());
  std::vector<size_t> missing(needs.size(), 0);
  for (size_t i = 0; i < needs.size(); ++i) {
    for (size_t need : needs[i]) {
      needed_by[need].push_back(i);
      ++missing[i];
    }
  }
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> free;
  for (size_t i = 0; i < needs.size(); ++i) {
    if (missing[i] == 0) free.push(i);
  }
  std::vector<size_t> order;
  while (!free.empty()) {
    const size_t next = free.top();
    free.pop();
    order.push_back(next);
    for (size_t dependent : needed_by[next]) {
      if (--missing[dependent] == 0) free.push(dependent);
    }
  }
  return order;
}

std::vector<size_t> FindCycle(const std::vector<std::vector<size_t>>& needs) {
  std::vector<bool> left(needs.size(), true);
  for (size_t i : TopologicalOrder(needs)) left[i] = false;
  const auto first = std::find(left.begin(), left.end(), true);
  if (first == left.end()) return {};
  // Every job that is left needs another one that is left: walking on must come back to a job already seen.
  std::vector<size_t> path = {static_cast<size_t>(first - left.begin())};
  while (true) {
    const std::vector<size_t>& next = needs[path.back()];
    const size_t step = *std::find_if(next.begin(), next.end(), [&](size_t i) { return left[i]; });
    const auto seen = std::find(path.begin(), path.end(), step);
    if (seen != path.end()) return std::vector<size_t>(seen, path.end());
    path.push_back(step);
  }
}

}  // namespace bonsai
