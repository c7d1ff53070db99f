// The tables that competitions want of a submission. Pure functions.
#ifndef BONSAI_EVALUATOR_SUBMISSION_RESULTS_TABLE_H_
#define BONSAI_EVALUATOR_SUBMISSION_RESULTS_TABLE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/report.pb.h"

namespace bonsai {

// Results.csv: a line of the track's results_columns, and one of what the row has there, as its reports give
// it. "Throughput" is the task of that name, "Memory-Usage" the largest peak that a device, not an emulator,
// measured, in bytes. What was not measured is an empty cell, and named in `not_measured`.
struct ResultsTable {
  std::string csv;
  std::vector<std::string> not_measured;
};
ResultsTable MakeResultsTable(const v1::Track& track, const v1::LeaderboardRow& row);

// The LLM-Merging kit's predictions, "id,prediction,dummy_field", of a suite's items (v1.ItemResult, each
// behind its length as a varint). A prediction is the number of the choice with the greatest loglikelihood,
// the first of equals, or else the text that was generated; dummy_field is 0, as the kit writes it. DataLoss:
// not such items.
absl::StatusOr<std::string> MakePredictionsTable(absl::string_view items);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUBMISSION_RESULTS_TABLE_H_
