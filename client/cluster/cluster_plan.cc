#include "client/cluster/cluster_plan.h"

#include "absl/strings/str_cat.h"
#include "client/credential_files.h"

namespace bonsai {
namespace {

constexpr char kAnyLoopbackPort[] = "127.0.0.1:0";

v1::Device MakeDevice(const std::string& id, const std::string& target, const std::string& transport,
                      const std::string& description) {
  v1::Device device;
  device.set_id(id);
  device.set_target(target);
  device.set_transport(transport);
  device.set_emulated(transport != "local");
  device.set_description(description);
  return device;
}

// The devices of this machine, and what it lacks.
void AddDevices(const MachineFacts& machine, v1::WorkerConfig& worker, std::vector<std::string>& notes) {
  *worker.add_devices() = MakeDevice("local", "host", "local", "this machine");
  if (machine.has_qemu_aarch64) {
    *worker.add_devices() = MakeDevice("qemu-aarch64", "android-arm64", "qemu-user", "emulated by qemu-user");
  } else {
    notes.push_back(
        "no device for android-arm64: qemu-aarch64-static is not installed (Debian: qemu-user-static)");
  }
  if (machine.has_qemu_riscv64) {
    *worker.add_devices() = MakeDevice("qemu-riscv64", "duo-64m", "qemu-user", "emulated by qemu-user");
  } else {
    notes.push_back("no device for duo-64m: qemu-riscv64-static is not installed (Debian: qemu-user-static)");
  }
}

}  // namespace

ClusterPlan PlanCluster(int workers, const MachineFacts& machine, const ClusterFolders& folders) {
  ClusterPlan plan;
  plan.coordinator.set_listen_address(kAnyLoopbackPort);
  plan.coordinator.set_metrics_address(kAnyLoopbackPort);
  plan.coordinator.set_state_dir(absl::StrCat(folders.dir, "/state"));
  plan.coordinator.set_storage_dir(absl::StrCat(folders.dir, "/storage"));
  plan.coordinator.set_share_dir(folders.share_dir);
  if (!folders.credentials_dir.empty()) {
    *plan.coordinator.mutable_security() = ServerFiles(folders.credentials_dir);
  }

  const auto count = static_cast<uint32_t>(workers);
  if (count > machine.cpus) {
    plan.notes.push_back(absl::StrCat(count, " workers on ", machine.cpus,
                                      " CPUs: each offers one, so they share and are slower than they say"));
  }
  for (uint32_t i = 0; i < count; ++i) {
    v1::WorkerConfig worker;
    worker.set_worker_id(absl::StrCat("worker-", i + 1));
    worker.set_coordinator_address_file(absl::StrCat(folders.dir, "/state/address"));
    worker.set_metrics_address(kAnyLoopbackPort);
    worker.set_work_dir(absl::StrCat(folders.dir, "/work-", i + 1));
    worker.set_storage_dir(absl::StrCat(folders.dir, "/storage"));
    worker.set_runner_dir(folders.bin_dir);
    worker.set_share_dir(folders.share_dir);
    const uint32_t share = machine.cpus / count + (i < machine.cpus % count ? 1 : 0);
    worker.set_cpus(share == 0 ? 1 : share);
    worker.set_memory_bytes(machine.memory_bytes / count);
    if (i == 0) AddDevices(machine, worker, plan.notes);
    if (!folders.credentials_dir.empty()) {
      *worker.mutable_security() = WorkerFiles(folders.credentials_dir, worker.worker_id());
    }
    plan.workers.push_back(std::move(worker));
  }
  return plan;
}

}  // namespace bonsai
