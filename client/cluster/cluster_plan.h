// What a local cluster consists of: the daemons' configurations, from the wishes of the user and the facts of
// the machine.
//
// Called by LocalCluster. Pure.
#ifndef BONSAI_CLIENT_CLUSTER_CLUSTER_PLAN_H_
#define BONSAI_CLIENT_CLUSTER_CLUSTER_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "bonsai/v1/config.pb.h"

namespace bonsai {

struct MachineFacts {
  uint32_t cpus = 1;
  uint64_t memory_bytes = 0;  // 0: not known
  bool has_qemu_aarch64 = false;
  bool has_qemu_riscv64 = false;
};

struct ClusterFolders {
  std::string dir;      // absolute
  std::string bin_dir;  // holds the runners
  std::string share_dir;
  std::string credentials_dir = {};  // empty: calls are neither encrypted nor authenticated
};

struct ClusterPlan {
  v1::CoordinatorConfig coordinator;
  std::vector<v1::WorkerConfig> workers;
  std::vector<std::string> notes;  // what the user should know, a line each
};

// Workers share CPUs and memory, the first ones getting what does not divide; each has at least one CPU. The
// first one offers the devices. Everything listens on free ports of the loopback interface.
ClusterPlan PlanCluster(int workers, const MachineFacts& machine, const ClusterFolders& folders);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_CLUSTER_CLUSTER_PLAN_H_
