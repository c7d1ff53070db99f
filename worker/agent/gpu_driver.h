// The GPUs of this machine, as their driver shows them: what they are, and what went wrong on them. The seam
// between the agent and NVML.
//
// Used by GpuLedger, by one thread at a time.
#ifndef BONSAI_WORKER_AGENT_GPU_DRIVER_H_
#define BONSAI_WORKER_AGENT_GPU_DRIVER_H_

#include <memory>
#include <string>
#include <vector>

#include "bonsai/v1/runner.pb.h"

namespace bonsai {

class GpuDriver {
 public:
  virtual ~GpuDriver() = default;

  // All GPUs, in the driver's order, those that must not be used with the reason. May take a while.
  virtual std::vector<v1::Gpu> Read() = 0;
};

// NVIDIA's, by its management library, which is loaded if it is there. nullptr if it is not, or finds no
// driver.
std::unique_ptr<GpuDriver> LoadNvml(const std::string& library = "libnvidia-ml.so.1");

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_GPU_DRIVER_H_
