// The order in which requests are asked: those that ask the same are one entry, and entries follow each other
// depth first in the trie of the tokens that the model reads, so that each of its edges is computed once.
// Whole subtrees can be cut off, for threads, batches and workers.
//
// Made by the evaluation runner over the requests of all suites, and by EngineLanguageModel over those of one
// call. Immutable; depends on what is asked alone, not on the order in which it came. Pure.
#ifndef BONSAI_EVALUATOR_REQUEST_PLAN_H_
#define BONSAI_EVALUATOR_REQUEST_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "evaluator/language_model.h"

namespace bonsai {

// A score or a text that is asked for: one of the two is set.
struct ModelRequest {
  const ScoreRequest* score = nullptr;
  const GenerateRequest* generate = nullptr;

  // Of the tokens that the model reads: the context, and all of a continuation but its last token.
  size_t size() const;
  int32_t token(size_t position) const;

  friend bool operator==(const ModelRequest& a, const ModelRequest& b);
};

// How many of the tokens that they read are the same from the first one on.
size_t SharedTokens(const ModelRequest& a, const ModelRequest& b);

class RequestPlan {
 public:
  // What they point at outlives the plan. No request is empty (CheckRequests).
  explicit RequestPlan(std::vector<ModelRequest> requests);

  // The requests that are asked, in their order.
  size_t size() const { return entries_.size(); }
  const ModelRequest& entry(size_t index) const { return requests_[entries_[index].first]; }
  // Tokens that it shares with the entry before it; 0 for the first one.
  size_t shared(size_t index) const { return entries_[index].shared; }
  // Tokens that are read for it and were not read for the entry before it.
  size_t fresh(size_t index) const { return entry(index).size() - shared(index); }

  // The entry that answers the request that was given at this place, and the requests that an entry answers.
  size_t entry_of(size_t request) const { return entry_of_[request]; }
  std::span<const size_t> asked_by(size_t index) const;

  // Of all requests, as if each were read by itself; and what is left of them in the trie.
  uint64_t tokens_read() const { return tokens_read_; }
  uint64_t tokens_to_compute() const { return fresh_before_.back(); }

  // Where each of `parts` parts begins, and size() behind them: parts of about equally many tokens to
  // compute, cut where neighbours share the least of about there. A part may be empty. parts > 0.
  std::vector<size_t> Cut(size_t parts) const;

 private:
  struct Entry {
    size_t first;  // of requests_
    size_t shared;
    size_t asked_begin;  // of by_entry_
  };

  std::vector<ModelRequest> requests_;
  std::vector<Entry> entries_;
  std::vector<size_t> entry_of_;
  std::vector<size_t> by_entry_;        // requests, by the entry that answers them
  std::vector<uint64_t> fresh_before_;  // of the entries before each, and of all
  uint64_t tokens_read_ = 0;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_REQUEST_PLAN_H_
