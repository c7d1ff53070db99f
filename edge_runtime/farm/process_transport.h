// A device that is this machine: commands run as processes of it, straight or under an emulator, in a network
// namespace without interfaces.
#ifndef BONSAI_EDGE_RUNTIME_FARM_PROCESS_TRANSPORT_H_
#define BONSAI_EDGE_RUNTIME_FARM_PROCESS_TRANSPORT_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "edge_runtime/farm/device_transport.h"

namespace bonsai {

// `emulator` is put in front of each command; empty: none. `work_dir` exists.
std::unique_ptr<DeviceTransport> MakeProcessTransport(const std::string& work_dir,
                                                      std::vector<std::string> emulator,
                                                      std::function<bool()> stop);

}  // namespace bonsai

#endif  // BONSAI_EDGE_RUNTIME_FARM_PROCESS_TRANSPORT_H_
