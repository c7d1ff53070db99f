#include "evaluator/request_plan.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

namespace bonsai {
namespace {

const std::vector<int32_t>& Context(const ModelRequest& request) {
  return request.score != nullptr ? request.score->context : request.generate->context;
}

// What tells apart requests that read the same tokens.
bool RestBefore(const ModelRequest& a, const ModelRequest& b) {
  if ((a.score != nullptr) != (b.score != nullptr)) return a.score != nullptr;
  if (a.score != nullptr) {
    return std::tuple(a.score->context.size(), a.score->continuation.back()) <
           std::tuple(b.score->context.size(), b.score->continuation.back());
  }
  return std::tie(a.generate->tokens_max, a.generate->stops) <
         std::tie(b.generate->tokens_max, b.generate->stops);
}

bool Before(const ModelRequest& a, const ModelRequest& b) {
  const size_t shared = SharedTokens(a, b);
  if (shared < a.size() && shared < b.size()) return a.token(shared) < b.token(shared);
  if (a.size() != b.size()) return a.size() < b.size();
  return RestBefore(a, b);
}

}  // namespace

size_t ModelRequest::size() const {
  return generate != nullptr ? generate->context.size()
                             : score->context.size() + score->continuation.size() - 1;
}

int32_t ModelRequest::token(size_t position) const {
  const std::vector<int32_t>& context = Context(*this);
  return position < context.size() ? context[position] : score->continuation[position - context.size()];
}

bool operator==(const ModelRequest& a, const ModelRequest& b) {
  if ((a.score != nullptr) != (b.score != nullptr)) return false;
  if (a.score != nullptr)
    return a.score->context == b.score->context && a.score->continuation == b.score->continuation;
  return a.generate->context == b.generate->context && a.generate->stops == b.generate->stops &&
         a.generate->tokens_max == b.generate->tokens_max;
}

size_t SharedTokens(const ModelRequest& a, const ModelRequest& b) {
  const std::vector<int32_t>& first = Context(a);
  const std::vector<int32_t>& second = Context(b);
  const size_t contexts = std::min(first.size(), second.size());
  size_t shared =
      std::mismatch(first.begin(), first.begin() + contexts, second.begin()).first - first.begin();
  if (shared < contexts) return shared;
  const size_t end = std::min(a.size(), b.size());
  while (shared < end && a.token(shared) == b.token(shared)) ++shared;
  return shared;
}

RequestPlan::RequestPlan(std::vector<ModelRequest> requests) : requests_(std::move(requests)) {
  by_entry_.resize(requests_.size());
  std::iota(by_entry_.begin(), by_entry_.end(), 0);
  std::stable_sort(by_entry_.begin(), by_entry_.end(),
                   [&](size_t a, size_t b) { return Before(requests_[a], requests_[b]); });
  entry_of_.resize(requests_.size());
  fresh_before_ = {0};
  for (size_t i = 0; i < by_entry_.size(); ++i) {
    const ModelRequest& request = requests_[by_entry_[i]];
    tokens_read_ += request.size();
    if (i == 0 || !(request == requests_[by_entry_[i - 1]])) {
      const size_t shared = i == 0 ? 0 : SharedTokens(request, requests_[by_entry_[i - 1]]);
      entries_.push_back({by_entry_[i], shared, i});
      fresh_before_.push_back(fresh_before_.back() + request.size() - shared);
    }
    entry_of_[by_entry_[i]] = entries_.size() - 1;
  }
}

std::span<const size_t> RequestPlan::asked_by(size_t index) const {
  const size_t begin = entries_[index].asked_begin;
  const size_t end = index + 1 < entries_.size() ? entries_[index + 1].asked_begin : by_entry_.size();
  return std::span(by_entry_).subspan(begin, end - begin);
}

std::vector<size_t> RequestPlan::Cut(size_t parts) const {
  const double total = static_cast<double>(tokens_to_compute()), part = total / static_cast<double>(parts);
  const auto entry_at = [&](double tokens) {
    const auto at =
        std::lower_bound(fresh_before_.begin(), fresh_before_.end(), tokens,
                         [](uint64_t before, double wanted) { return static_cast<double>(before) < wanted; });
    return std::min<size_t>(at - fresh_before_.begin(), entries_.size());
  };
  std::vector<size_t> cuts = {0};
  for (size_t i = 1; i < parts; ++i) {
    // Within an eighth of a part around the even cut.
    const double even = part * static_cast<double>(i);
    const auto distance = [&](size_t at) { return std::abs(static_cast<double>(fresh_before_[at]) - even); };
    size_t best = entry_at(even);
    const size_t begin = std::max(entry_at(even - part / 8), cuts.back()), end = entry_at(even + part / 8);
    for (size_t at = begin; at <= end && at < entries_.size(); ++at) {
      if (best >= entries_.size() || shared(at) < shared(best) ||
          (shared(at) == shared(best) && distance(at) < distance(best)))
        best = at;
    }
    cuts.push_back(std::max(best, cuts.back()));
  }
  cuts.push_back(entries_.size());
  return cuts;
}

}  // namespace bonsai
