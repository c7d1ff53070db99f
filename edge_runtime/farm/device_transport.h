// The way to a device: put a file on it, run a command there, get its output back. A board over ssh or a
// phone over adb is one more implementation; here are this machine and qemu-user on this machine.
//
// Called by the benchmark runner. One thread at a time.
#ifndef BONSAI_EDGE_RUNTIME_FARM_DEVICE_TRANSPORT_H_
#define BONSAI_EDGE_RUNTIME_FARM_DEVICE_TRANSPORT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bonsai/v1/runner.pb.h"

namespace bonsai {

// More output than this is an error: a device is not trusted to stop.
inline constexpr size_t kDeviceOutputBytesMax = 16 << 20;

struct DeviceOutput {
  int exit_code = 0;  // 128 + signal if a signal ended it
  std::string stdout_text;
  std::string stderr_text;
};

class DeviceTransport {
 public:
  virtual ~DeviceTransport() = default;

  // Copies a file of this machine onto the device, executable, and returns its path there. `name` is a file
  // name without folders; a file of that name is replaced. NotFound; ResourceExhausted; InvalidArgument for a
  // bad name.
  virtual absl::StatusOr<std::string> Push(const std::string& local_path, const std::string& name) = 0;

  // Runs a command on the device, without network, and waits for it. A command that fails is no error here:
  // see exit_code. Errors: DeadlineExceeded after `timeout`, ResourceExhausted beyond kDeviceOutputBytesMax,
  // NotFound (no such command), FailedPrecondition (the network cannot be taken away, or the emulator is
  // missing), Cancelled.
  virtual absl::StatusOr<DeviceOutput> Run(const std::vector<std::string>& argv, absl::Duration timeout) = 0;

  // Removes a file that was pushed. NotFound.
  virtual absl::Status Remove(const std::string& name) = 0;
};

// The transport that a device asks for: "local" or "qemu-user". Files go below `work_dir`; `machine` is the
// ELF machine of what will run (for the emulator); `stop` says whether to give up. InvalidArgument for a
// transport that is not known, or one that cannot run code for that machine.
absl::StatusOr<std::unique_ptr<DeviceTransport>> OpenDeviceTransport(const v1::Device& device,
                                                                     const std::string& work_dir,
                                                                     uint16_t machine,
                                                                     std::function<bool()> stop);

}  // namespace bonsai

#endif  // BONSAI_EDGE_RUNTIME_FARM_DEVICE_TRANSPORT_H_
