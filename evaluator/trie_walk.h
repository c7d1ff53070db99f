// The way through a part of a RequestPlan's trie, as a model's session goes it: tokens depth first, each with
// its position in its own sequence (edge::TokenTree), and what is asked of the logits at each of them.
//
// Called by EngineLane. Pure.
#ifndef BONSAI_EVALUATOR_TRIE_WALK_H_
#define BONSAI_EVALUATOR_TRIE_WALK_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "evaluator/request_plan.h"

namespace bonsai {

// "How likely is `token` behind the walk's token `row`?", for an entry of the plan.
struct Lookup {
  size_t row;
  size_t entry;
  int32_t token;
  bool last;  // of its entry
};

struct TrieWalk {
  std::vector<int32_t> tokens;
  std::vector<int32_t> positions;
  std::vector<Lookup> lookups;  // by row; those of one entry in the order of its continuation
};

// Over the entries [begin, end) of the plan, all of them scores; begin < end. `cached`: the tokens that the
// session has computed; the walk begins behind those of them that it needs no more logits of.
TrieWalk WalkTrie(const RequestPlan& plan, size_t begin, size_t end, std::span<const int32_t> cached);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_TRIE_WALK_H_
