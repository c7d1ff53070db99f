// The questions of a secret suite: JSON lines, each a record, as `bonsai holdout seal` takes them and as they
// come out of a sealed file again, in memory alone.
//
// Called by bonsai-holdout and by the evaluation runner. Pure functions.
#ifndef BONSAI_EVALUATOR_HOLDOUT_HOLDOUT_QUESTIONS_H_
#define BONSAI_EVALUATOR_HOLDOUT_HOLDOUT_QUESTIONS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/document.pb.h"

namespace bonsai {

// One document a line that is not empty: its record is the line, its id the line's number. InvalidArgument
// names the first line that is no JSON object, or says that there is no question; no message holds anything
// of the text.
absl::StatusOr<std::vector<v1::Document>> ReadHoldoutQuestions(absl::string_view plain);

// Every text of a question: the strings of its record, wherever they stand in it, without its keys.
std::vector<std::string> TextsOfQuestion(const v1::Document& question);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_HOLDOUT_HOLDOUT_QUESTIONS_H_
