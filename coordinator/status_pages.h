// What the coordinator shows over HTTP: /metrics, the leaderboard as a page, and the JSON API (/api/v1/...),
// which is the RPC's response in protobuf's JSON form.
//
// The pages run on the HTTP server's threads.
#ifndef BONSAI_COORDINATOR_STATUS_PAGES_H_
#define BONSAI_COORDINATOR_STATUS_PAGES_H_

#include <map>
#include <string>
#include <vector>

#include "bonsai/v1/report.pb.h"
#include "coordinator/rpc/decision_loop.h"
#include "coordinator/rpc/leaderboard_rows.h"
#include "coordinator/rpc/read_model.h"
#include "coordinator/web/http_server.h"
#include "coordinator/web/metrics.h"

namespace bonsai {

struct StatusSources {
  DecisionLoop* loop;
  const ReadModel* model;
  LeaderboardRows* leaderboard;
  const std::vector<v1::Track>* tracks;
  Metrics* metrics;
  std::string storage_dir;  // whose file system's room is shown
};

// By path. All sources must outlive the server that serves them.
std::map<std::string, HttpPage> MakeStatusPages(const StatusSources& sources);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_STATUS_PAGES_H_
