#include "worker/agent/worker_config.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "runner/text_message.h"
#include "security/credentials.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

constexpr size_t kWorkerIdMax = 128;
constexpr char kRunnerPrefix[] = "bonsai-run-";

bool IsName(absl::string_view text) {
  return !text.empty() && text.size() <= kWorkerIdMax &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
         });
}

absl::Status Invalid(absl::string_view field, absl::string_view value, absl::string_view want) {
  return absl::InvalidArgumentError(absl::StrCat(field, " is \"", value, "\": want ", want));
}

absl::Status CheckConfig(const v1::WorkerConfig& config) {
  if (!IsName(config.worker_id())) {
    return Invalid("worker_id", config.worker_id(), "1 to 128 letters, digits, '_', '-', '.'");
  }
  if (config.coordinator_address().empty() && config.coordinator_address_file().empty()) {
    return Invalid("coordinator_address", "", "host:port, or coordinator_address_file instead");
  }
  if (config.work_dir().empty()) return Invalid("work_dir", "", "a folder of this worker alone");
  if (config.storage_dir().empty()) return Invalid("storage_dir", "", "the folder of the blob store");
  if (config.runner_dir().empty())
    return Invalid("runner_dir", "", "the folder of the bonsai-run-<kind> programs");
  std::set<std::string> ids;
  for (int i = 0; i < config.devices_size(); ++i) {
    const v1::Device& device = config.devices(i);
    std::string field = absl::StrCat("devices[", i, "]");
    if (!IsName(device.id()) || !ids.insert(device.id()).second) {
      return Invalid(field + ".id", device.id(), "a name, each once");
    }
    if (device.target().empty()) return Invalid(field + ".target", "", "a class of device, as in \"host\"");
    if (device.transport() != "local" && device.transport() != "qemu-user") {
      return Invalid(field + ".transport", device.transport(), "\"local\" or \"qemu-user\"");
    }
  }
  return absl::OkStatus();
}

void MakeAbsolute(std::string* path) {
  if (!path->empty()) *path = std::filesystem::absolute(*path).lexically_normal().string();
}

uint32_t MachineCpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return static_cast<uint32_t>(std::max<long>(1, sysconf(_SC_NPROCESSORS_ONLN)));
}

uint64_t MachineMemoryBytes() {
  uint64_t bytes =
      static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  // In a container, what it may use.
  absl::StatusOr<std::string> limit = ReadFileBytes("/sys/fs/cgroup/memory.max", 64);
  uint64_t limit_bytes = 0;
  if (limit.ok() && absl::SimpleAtoi(*limit, &limit_bytes)) bytes = std::min(bytes, limit_bytes);
  return bytes;
}

}  // namespace

absl::StatusOr<v1::WorkerConfig> ReadWorkerConfig(const std::string& path) {
  v1::WorkerConfig config;
  if (absl::Status status = ReadTextMessage(path, config); !status.ok()) return status;
  if (absl::Status status = CheckConfig(config); !status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", status.message()));
  }
  if (config.metrics_address().empty()) config.set_metrics_address("127.0.0.1:0");
  for (std::string* folder :
       {config.mutable_work_dir(), config.mutable_storage_dir(), config.mutable_runner_dir(),
        config.mutable_share_dir(), config.mutable_coordinator_address_file()}) {
    MakeAbsolute(folder);
  }
  if (!WantsSecurity(config.security())) return config;
  ResolveFiles(std::filesystem::current_path().string(), *config.mutable_security());
  if (absl::Status loaded = LoadCallerCredentials(config.security(), absl::Now()).status(); !loaded.ok()) {
    return absl::Status(loaded.code(), absl::StrCat(path, ": ", loaded.message()));
  }
  return config;
}

absl::StatusOr<v1::WorkerOffer> MakeOffer(const v1::WorkerConfig& config) {
  v1::WorkerOffer offer;
  offer.set_cpus(config.cpus() > 0 ? config.cpus() : MachineCpus());
  offer.set_memory_bytes(config.memory_bytes() > 0 ? config.memory_bytes() : MachineMemoryBytes());
  offer.set_gpus(config.gpus());
  offer.set_shares_storage(!config.streams_storage());
  *offer.mutable_devices() = config.devices();
  std::set<std::string> kinds;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(config.runner_dir(), error)) {
    std::string name = entry.path().filename().string();
    absl::string_view kind = name;
    if (absl::ConsumePrefix(&kind, kRunnerPrefix) && access(entry.path().c_str(), X_OK) == 0) {
      kinds.insert(std::string(kind));
    }
  }
  if (kinds.empty()) {
    return Invalid("runner_dir", config.runner_dir(), "a folder that holds bonsai-run-<kind> programs");
  }
  for (const std::string& kind : kinds) offer.add_kinds(kind);
  return offer;
}

}  // namespace bonsai
