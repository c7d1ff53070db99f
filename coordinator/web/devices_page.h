// The attached devices and the workers that they are attached to, with what each of them does.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_WEB_DEVICES_PAGE_H_
#define BONSAI_COORDINATOR_WEB_DEVICES_PAGE_H_

#include <string>
#include <vector>

#include "bonsai/v1/coordinator.pb.h"
#include "coordinator/web/page_frame.h"
#include "coordinator/web/table.h"

namespace bonsai {

Table AttachedDevicesTable(const std::vector<v1::WorkerStatus>& workers);
Table WorkersTable(const std::vector<v1::WorkerStatus>& workers);

std::string DevicesPage(const PageFiles& files, const std::vector<v1::WorkerStatus>& workers);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_DEVICES_PAGE_H_
