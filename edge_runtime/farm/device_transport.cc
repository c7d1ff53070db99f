#include "edge_runtime/farm/device_transport.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "edge_runtime/farm/elf_header.h"
#include "edge_runtime/farm/process_transport.h"

namespace bonsai {
namespace {

#if defined(__x86_64__)
constexpr char kOwnMachine[] = "x86_64";
#elif defined(__aarch64__)
constexpr char kOwnMachine[] = "aarch64";
#elif defined(__riscv)
constexpr char kOwnMachine[] = "riscv64";
#else
constexpr char kOwnMachine[] = "another";
#endif

}  // namespace

absl::StatusOr<std::unique_ptr<DeviceTransport>> OpenDeviceTransport(const v1::Device& device,
                                                                     const std::string& work_dir,
                                                                     uint16_t machine,
                                                                     std::function<bool()> stop) {
  const std::string name = MachineName(machine);
  if (device.transport() == "local") {
    if (name != kOwnMachine) {
      return absl::InvalidArgumentError(absl::StrCat("device ", device.id(), " is this machine (",
                                                     kOwnMachine, "); the bundle is for ", name));
    }
    return MakeProcessTransport(work_dir, {}, std::move(stop));
  }
  if (device.transport() == "qemu-user") {
    if (name != "aarch64" && name != "riscv64" && name != "x86_64") {
      return absl::InvalidArgumentError(absl::StrCat("device ", device.id(), ": no emulator for ", name,
                                                     "; there are some for aarch64, riscv64, x86_64"));
    }
    return MakeProcessTransport(work_dir, {absl::StrCat("/usr/bin/qemu-", name, "-static")}, std::move(stop));
  }
  return absl::InvalidArgumentError(absl::StrCat("device ", device.id(), ": transport \"", device.transport(),
                                                 "\"; known are \"local\" and \"qemu-user\""));
}

}  // namespace bonsai
