// What one scores without a model: programs that always say the same, or guess. A leaderboard shows these
// floors beside every score, for a constant answer beats trained models on several tasks. Called by suites.
// Pure functions.
#ifndef BONSAI_EVALUATOR_FLOORS_H_
#define BONSAI_EVALUATOR_FLOORS_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bonsai/v1/report.pb.h"

namespace bonsai {

// A question that an answer equal to `expected` gets right.
struct FloorQuestion {
  std::string expected;
  uint32_t choices = 0;  // to guess among; 0: there is no such list
};

// Shares of questions, 0 to 1:
//   "constant answer X"  X is the answer that most questions expect (the first in byte order of equals)
//   "majority answer"    always the answer most frequent in `known_answers` (the examples that may be learnt
//                        from); left out if there are none
//   "chance"             a guess among the choices; left out if a question has no list of them
// None for no questions.
std::vector<v1::Floor> AnswerFloors(std::span<const FloorQuestion> questions,
                                    std::span<const std::string> known_answers);

// "constant answer X" for a metric of any kind: the best of `candidates`, each said to every question.
// `score` gives what it gets. `candidates` is not empty.
v1::Floor ConstantFloor(std::span<const std::string> candidates,
                        const std::function<double(absl::string_view)>& score, bool lower_is_better = false);

// Puts the floors into the metric; `floor` and `floor_name` are the best of them. Nothing if there are none.
void SetFloors(std::span<const v1::Floor> floors, v1::MetricResult* metric);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_FLOORS_H_
