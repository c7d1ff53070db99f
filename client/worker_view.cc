#include "client/worker_view.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/figures.h"
#include "client/text_layout.h"
#include "client/text_table.h"

namespace bonsai {
namespace {

// "live", "LOST", "cordoned (new disk)"
std::string StateOf(const v1::WorkerStatus& worker) {
  if (!worker.live()) return "LOST";
  const v1::WorkerRecord& record = worker.record();
  if (!record.cordoned() && !record.drained()) return "live";
  return absl::StrCat(record.drained() ? "drained" : "cordoned",
                      record.reason().empty() ? "" : absl::StrCat(" (", record.reason(), ")"));
}

// A line for each GPU on which nothing is run, with the reason.
std::string SickGpus(const v1::ListWorkersResponse& response) {
  std::string lines;
  for (const v1::WorkerStatus& worker : response.workers()) {
    for (const v1::Gpu& gpu : worker.gpu_devices()) {
      if (gpu.unhealthy().empty()) continue;
      absl::StrAppend(&lines, worker.worker_id(), ": GPU ", Printable(gpu.id()),
                      " is not used: ", Printable(gpu.unhealthy()), "\n");
    }
  }
  return lines;
}

}  // namespace

std::string RenderWorkerTable(const v1::ListWorkersResponse& response, size_t width) {
  if (response.workers().empty()) return "no workers; `bonsai up` starts some\n";
  std::vector<std::vector<std::string>> rows;
  for (const v1::WorkerStatus& worker : response.workers()) {
    rows.push_back(
        {worker.worker_id(), StateOf(worker), absl::StrCat(worker.cpus_free(), " of ", worker.cpus()),
         absl::StrCat(FormatBytes(worker.memory_bytes_free()), " of ", FormatBytes(worker.memory_bytes())),
         absl::StrCat(worker.gpus_free(), " of ", worker.gpus()), absl::StrCat(worker.devices_size()),
         worker.running().empty() ? "idle" : absl::StrJoin(worker.running(), ", ")});
  }
  return RenderTable({{"WORKER"},
                      {"STATE"},
                      {"CPUS FREE"},
                      {"MEMORY FREE"},
                      {"GPUS FREE"},
                      {"DEVICES", true},
                      {"RUNS"}},
                     rows, 0, width) +
         SickGpus(response);
}

std::string RenderDeviceTable(const v1::ListWorkersResponse& response, size_t width) {
  std::vector<std::vector<std::string>> rows;
  for (const v1::WorkerStatus& worker : response.workers()) {
    for (const v1::DeviceStatus& status : worker.devices()) {
      const v1::Device& device = status.device();
      std::string state = !worker.live() ? "LOST" : status.leased_by().empty() ? "free" : status.leased_by();
      rows.push_back({device.id(), device.target(), worker.worker_id(), std::move(state),
                      device.emulated() ? "emulated" : "real", device.description()});
    }
  }
  if (rows.empty()) return "no devices; a worker's configuration names those attached to it\n";
  return RenderTable({{"DEVICE"}, {"TARGET"}, {"WORKER"}, {"STATE"}, {"KIND"}, {"DESCRIPTION"}}, rows, 0,
                     width);
}

}  // namespace bonsai
