// Where a rank's files lie below a worker's work_dir:
//
//   <work_dir>/ranks/<pipeline>.<job>-<attempt>-<rank>/
//     work/           Task.work_dir: the runner's own
//     task.textproto  the Task
//     log             its stdout and stderr
//     samples.jsonl   its metric samples, a JSON object a line
//     pid             its process id and start time, for an agent that comes after this one
//
// Functions without state.
#ifndef BONSAI_WORKER_AGENT_RANK_FOLDER_H_
#define BONSAI_WORKER_AGENT_RANK_FOLDER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/agent/rank_table.h"

namespace bonsai {

struct RankFolder {
  std::string root;
  std::string work;
  std::string task_file;
  std::string log_file;
  std::string samples_file;
  std::string pid_file;
};

// "p1.pretrain-1": a file name of its own for each attempt. InvalidArgument if the job's id is not made of
// letters, digits, '_', '-' and single '/', or is longer than 200.
absl::StatusOr<std::string> AttemptName(const RankKey& key);

// The folder of all ranks: "<work_dir>/ranks".
std::string RanksFolder(const std::string& work_dir);

// As AttemptName.
absl::StatusOr<RankFolder> FolderOf(const std::string& work_dir, const RankKey& key);
// The files in the folder at `root`.
RankFolder FolderAt(const std::string& root);

// Makes the folder anew, empty but for work/.
absl::Status MakeFresh(const RankFolder& folder);

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_RANK_FOLDER_H_
