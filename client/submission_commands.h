// The command line's verbs for submissions: `submission check` and `submission pack`.
//
// Made by CommandLine, and kept as long as its options are read; one thread.
#ifndef BONSAI_CLIENT_SUBMISSION_COMMANDS_H_
#define BONSAI_CLIENT_SUBMISSION_COMMANDS_H_

#include "client/submission_verbs.h"
#include "client/verb_table.h"

namespace bonsai {

class SubmissionCommands {
 public:
  explicit SubmissionCommands(VerbTable& verbs);
  SubmissionCommands(const SubmissionCommands&) = delete;
  SubmissionCommands& operator=(const SubmissionCommands&) = delete;

 private:
  SubmissionCheckOptions check_;
  SubmissionPackOptions pack_;
};

}  // namespace bonsai

#endif  // BONSAI_CLIENT_SUBMISSION_COMMANDS_H_
