// The verbs of `bonsai` that ask the coordinator: what each does once its command line is understood.
//
// Called by CommandLine. Each blocks, prints to the session and returns an exit code (or an error that
// ReportStatus prints).
#ifndef BONSAI_CLIENT_VERBS_H_
#define BONSAI_CLIENT_VERBS_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "client/artifact_export.h"
#include "client/artifact_import.h"
#include "client/artifact_pull.h"
#include "client/log_reading.h"
#include "client/session.h"

namespace bonsai {

struct SubmitOptions {
  std::string file;
  std::map<std::string, std::string> settings;
  bool watch = false;
  bool dry_run = false;
};
absl::StatusOr<int> RunSubmit(const SubmitOptions& options, Session& session);

// `pipeline` empty: all.
absl::StatusOr<int> RunJobs(const std::string& pipeline, Session& session);

// `pipeline` empty: the newest.
absl::StatusOr<int> RunWatch(const std::string& pipeline, Session& session);

absl::StatusOr<int> RunCancel(const std::string& id, Session& session);
absl::StatusOr<int> RunArtifacts(const std::string& kind, Session& session);
struct ShowOptions {
  std::string id;
  bool lineage = false;
  bool descendants = false;
};
absl::StatusOr<int> RunArtifactsShow(const ShowOptions& options, Session& session);
absl::StatusOr<int> RunPull(const PullOptions& options, Session& session);
absl::StatusOr<int> RunExport(const ExportOptions& options, Session& session);
absl::StatusOr<int> RunImport(const std::string& file, Session& session);
struct LeaderboardOptions {
  std::string track;  // empty: all
  bool history = false;
};
absl::StatusOr<int> RunLeaderboard(const LeaderboardOptions& options, Session& session);
absl::StatusOr<int> RunDevices(Session& session);
absl::StatusOr<int> RunWorkers(Session& session);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_VERBS_H_
