// `bonsai up`: a coordinator, workers and emulated devices on this machine, as long as this process lives.
//
// Called by CommandLine on the main thread; blocks until SIGINT, SIGTERM or SIGHUP. Uses no other threads:
// the cluster's processes die with the one that started them.
#ifndef BONSAI_CLIENT_CLUSTER_LOCAL_CLUSTER_H_
#define BONSAI_CLIENT_CLUSTER_LOCAL_CLUSTER_H_

#include "absl/status/statusor.h"
#include "client/session.h"

namespace bonsai {

struct LocalClusterOptions {
  int workers = 1;
  bool secure = false;  // TLS and tokens, from DIR/credentials, which is completed
};

// In session.dir: config/ (the daemons' configurations), state/ (records), storage/ (artifacts), work-N/,
// log/, lock, and `address` while the cluster runs. Returns kExitOk after a signal. Errors:
// FailedPrecondition (another cluster in the folder; a sibling program is missing; a part that does not come
// up).
absl::StatusOr<int> RunLocalCluster(const LocalClusterOptions& options, Session& session);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_CLUSTER_LOCAL_CLUSTER_H_
