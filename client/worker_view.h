// Tables of workers and of the devices they offer.
//
// Called by the verbs `workers` and `devices`. Pure.
#ifndef BONSAI_CLIENT_WORKER_VIEW_H_
#define BONSAI_CLIENT_WORKER_VIEW_H_

#include <cstddef>
#include <string>

#include "bonsai/v1/coordinator.pb.h"

namespace bonsai {

std::string RenderWorkerTable(const v1::ListWorkersResponse& response, size_t width);

// All devices of all workers. An emulated device says so.
std::string RenderDeviceTable(const v1::ListWorkersResponse& response, size_t width);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_WORKER_VIEW_H_
