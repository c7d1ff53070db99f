// The verbs that steer and explain what runs: why, history, pause, resume, retry, cordon, drain, uncordon,
// schedule, usage, simulate.
//
// Called by ControlCommands. Each blocks, prints to the session and returns an exit code (or an error that
// ReportStatus prints).
#ifndef BONSAI_CLIENT_CONTROL_VERBS_H_
#define BONSAI_CLIENT_CONTROL_VERBS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bonsai/v1/coordinator.pb.h"
#include "client/session.h"

namespace bonsai {

absl::StatusOr<int> RunWhy(const std::string& job, Session& session);
absl::StatusOr<int> RunHistory(const std::string& job, Session& session);
absl::StatusOr<int> RunPause(const std::string& pipeline, bool resume, Session& session);
absl::StatusOr<int> RunRetry(const std::string& id, Session& session);
absl::StatusOr<int> RunSetWorker(const std::string& worker, v1::SetWorkerRequest::Action action,
                                 const std::string& reason, Session& session);
absl::StatusOr<int> RunUsage(Session& session);

struct ScheduleOptions {
  std::string file;
  std::map<std::string, std::string> settings;
  std::string name;  // empty: the pipeline's, or the file's
  std::string cron;
  std::string catch_up = "latest";  // or "all", "skip"
  bool overlap = false;
};
absl::StatusOr<int> RunScheduleAdd(const ScheduleOptions& options, Session& session);
absl::StatusOr<int> RunScheduleList(Session& session);
absl::StatusOr<int> RunScheduleRemove(const std::string& name, Session& session);

// Becomes the sibling program bonsai-simulate with these arguments; returns only if that cannot be.
absl::StatusOr<int> RunSimulate(const std::vector<std::string>& arguments, Session& session);
absl::StatusOr<int> RunHoldout(const std::vector<std::string>& arguments, Session& session);

// The name that a schedule of this file gets: the pipeline's, or the file's without its ending, in the
// characters that a name may have. Empty if nothing of them is left.
std::string ScheduleName(const std::string& pipeline, const std::string& file);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_CONTROL_VERBS_H_
