// The Task that an agent, or a person, hands to a runner: a file in protobuf's text format.
//
// Called by RunnerMain and by agents that write one. Functions without state.
#ifndef BONSAI_RUNNER_TASK_FILE_H_
#define BONSAI_RUNNER_TASK_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/runner.pb.h"

namespace bonsai {

// The name of the job's kind ("pretrain"), or "" if the spec has none.
std::string JobKind(const v1::JobSpec& spec);

// The task in this text. `ranks` and `attempt` are 1 if they are not set. InvalidArgument names the file with
// line and column of what is no Task, or the field whose value is missing or wrong.
absl::StatusOr<v1::Task> ParseTask(absl::string_view text, absl::string_view file_name);

// As ParseTask; InvalidArgument also if the file cannot be read.
absl::StatusOr<v1::Task> ReadTaskFile(const std::string& path);

}  // namespace bonsai

#endif  // BONSAI_RUNNER_TASK_FILE_H_
