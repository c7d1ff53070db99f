// What the loglikelihood benchmark asks: questions whose choices are scored behind one context, in the shapes
// of three suites, and how far sharing can go by characters. Made from CommonsenseQA's records: its own
// 5-shot form is the suite itself; the others are put together from its texts, as their own data are not at
// hand.
//
// Pure functions.
#ifndef BONSAI_EVALUATOR_BENCH_QUESTION_SET_H_
#define BONSAI_EVALUATOR_BENCH_QUESTION_SET_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace bonsai {

struct ChoiceQuestion {
  std::string context;
  std::vector<std::string> continuations;
};

// Characters (bytes of UTF-8) to read, by how much is shared.
struct SharingBounds {
  uint64_t alone = 0;    // one text per choice
  uint64_t context = 0;  // each context once, and its choices
  uint64_t trie = 0;     // each prefix once, over all questions
};

struct QuestionSet {
  std::string name;
  std::vector<ChoiceQuestion> questions;
  // The published bounds of the suite that it stands for: alone / context, alone / trie.
  double published_context_bound = 0, published_trie_bound = 0;
};

SharingBounds MeasureSharing(const std::vector<ChoiceQuestion>& questions);

// Of `jsonl`, CommonsenseQA's records as published: the first ones become the examples before each question,
// the next `count` the questions. "csqa" (5 shots, 5 choices of some words), "arc_style" (5 shots, 4 choices
// of a few words), "hellaswag_style" (2 shots, 4 long endings). InvalidArgument names the line that is no
// record, or says that there are too few.
absl::StatusOr<std::vector<QuestionSet>> MakeQuestionSets(std::string_view jsonl, size_t count);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_BENCH_QUESTION_SET_H_
