#include "evaluator/trie_walk.h"

#include <algorithm>

namespace bonsai {
namespace {

// The last token before the continuation: from its logits on they are asked for.
size_t FirstRow(const ModelRequest& request) { return request.score->context.size() - 1; }

// How much of the cache is kept: what all that comes reads too, up to the first token whose logits are
// wanted.
size_t KeptTokens(const RequestPlan& plan, size_t begin, size_t end, std::span<const int32_t> cached) {
  const ModelRequest& first = plan.entry(begin);
  size_t common = 0;
  while (common < std::min(first.size(), cached.size()) && first.token(common) == cached[common]) ++common;
  size_t kept = common;
  for (size_t entry = begin; entry < end && common > 0; ++entry) {
    if (entry > begin) common = std::min(common, plan.shared(entry));
    if (const size_t row = FirstRow(plan.entry(entry)); row < common) kept = std::min(kept, row);
  }
  return kept;
}

}  // namespace

TrieWalk WalkTrie(const RequestPlan& plan, size_t begin, size_t end, std::span<const int32_t> cached) {
  TrieWalk walk;
  std::vector<size_t> row_at;  // by position, on the path to the newest token; what was kept has none
  for (size_t i = begin; i < end; ++i) {
    const ModelRequest& request = plan.entry(i);
    const size_t from = i == begin ? KeptTokens(plan, begin, end, cached) : plan.shared(i);
    row_at.resize(std::max(row_at.size(), request.size()));
    for (size_t position = from; position < request.size(); ++position) {
      row_at[position] = walk.tokens.size();
      walk.tokens.push_back(request.token(position));
      walk.positions.push_back(static_cast<int32_t>(position));
    }
    const std::vector<int32_t>& continuation = request.score->continuation;
    for (size_t j = 0; j < continuation.size(); ++j) {
      walk.lookups.push_back(
          {row_at[FirstRow(request) + j], i, continuation[j], j + 1 == continuation.size()});
    }
  }
  std::stable_sort(walk.lookups.begin(), walk.lookups.end(),
                   [](const Lookup& a, const Lookup& b) { return a.row < b.row; });
  return walk;
}

}  // namespace bonsai
