// What `bonsai submission check` says: every rule, of the folder and of the track, passed or not, and why.
// Called by the program bonsai-submission. One thread; reads the folder.
#ifndef BONSAI_EVALUATOR_SUBMISSION_FOLDER_VERDICT_H_
#define BONSAI_EVALUATOR_SUBMISSION_FOLDER_VERDICT_H_

#include <string>

#include "bonsai/v1/report.pb.h"
#include "bonsai/v1/submission.pb.h"
#include "evaluator/submission/submission_folder.h"

namespace bonsai {

// The rules of the folder: "files" (every file that is there has the bytes that its manifest names; in a
// whole pack none is missing), "checksums" (SHA256SUMS), "row" (the row is of the submission's own model and
// track, and its figures are those of its reports), "reports" (each is about this model), "results"
// (Results.csv is what the row gives). Then those of the track (CheckTrack), over facts that are read anew:
// the model's from model/ where it is there, else from its manifest.
v1::SubmissionVerdict JudgeFolder(const SubmissionFolder& folder, const v1::Track& track);

// The verdict for people, a line for each rule.
std::string VerdictText(const v1::SubmissionVerdict& verdict);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUBMISSION_FOLDER_VERDICT_H_
