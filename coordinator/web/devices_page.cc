#include "coordinator/web/devices_page.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/web/figures.h"
#include "coordinator/web/page_paths.h"

namespace bonsai {
namespace {

Cell DeviceStateCell(const v1::WorkerStatus& worker, const v1::DeviceStatus& device) {
  if (!worker.live()) {
    Cell cell = TextCell("away");
    cell.note = "its worker does not answer";
    cell.mark = "bad";
    return cell;
  }
  if (!device.leased_by().empty()) {
    Cell cell = TextCell("in use", JobPath(device.leased_by()));
    cell.note = device.leased_by();
    return cell;
  }
  if (worker.record().cordoned()) {
    Cell cell = TextCell("cordoned");
    cell.note = worker.record().reason();
    cell.mark = "quiet";
    return cell;
  }
  Cell cell = TextCell("free");
  cell.mark = "good";
  return cell;
}

Cell WorkerStateCell(const v1::WorkerStatus& worker) {
  Cell cell = TextCell(!worker.live()               ? "away"
                       : worker.record().drained()  ? "drained"
                       : worker.record().cordoned() ? "cordoned"
                                                    : "live");
  cell.note = worker.record().reason();
  cell.mark = !worker.live() ? "bad" : worker.record().cordoned() ? "quiet" : "good";
  return cell;
}

Cell GpuCell(const v1::WorkerStatus& worker) {
  Cell cell = CountCell(worker.gpus());
  std::vector<std::string> sick;
  for (const v1::Gpu& gpu : worker.gpu_devices()) {
    if (!gpu.unhealthy().empty()) sick.push_back(absl::StrCat(gpu.id(), ": ", gpu.unhealthy()));
  }
  cell.text = worker.gpus() == 0 ? "0" : absl::StrCat(worker.gpus_free(), " of ", worker.gpus(), " free");
  cell.note = absl::StrJoin(sick, "; ");
  if (!sick.empty()) cell.mark = "bad";
  return cell;
}

}  // namespace

Table AttachedDevicesTable(const std::vector<v1::WorkerStatus>& workers) {
  Table table;
  table.id = "devices";
  table.caption = "Devices";
  table.none = "No device is attached to a worker.";
  table.csv = "/api/v1/devices.csv";
  table.json = "/api/v1/devices";
  table.columns = {{"device", "Device", "", false, true},
                   {"target", "Target"},
                   {"state", "State"},
                   {"leased_by", ""},
                   {"worker", "Worker"},
                   {"transport", "Transport"},
                   {"emulated", "Emulated"},
                   {"description", "About it"}};
  for (const v1::WorkerStatus& worker : workers) {
    for (const v1::DeviceStatus& device : worker.devices()) {
      table.rows.push_back(
          {"",
           {TextCell(device.device().id()), TextCell(device.device().target()),
            DeviceStateCell(worker, device), TextCell(device.leased_by()), TextCell(worker.worker_id()),
            TextCell(device.device().transport()), TextCell(device.device().emulated() ? "yes" : "no"),
            TextCell(device.device().description())}});
    }
  }
  return table;
}

Table WorkersTable(const std::vector<v1::WorkerStatus>& workers) {
  Table table;
  table.id = "workers";
  table.caption = "Workers";
  table.none = "No worker has reported.";
  table.csv = "/api/v1/workers.csv";
  table.json = "/api/v1/workers";
  table.columns = {{"worker", "Worker", "", false, true},
                   {"state", "State"},
                   {"cpus", "CPUs"},
                   {"cpus_free", ""},
                   {"memory_bytes", "Memory"},
                   {"memory_bytes_free", ""},
                   {"gpus", "GPUs"},
                   {"running", "Runs"},
                   {"labels", "Labels"}};
  for (const v1::WorkerStatus& worker : workers) {
    Cell cpus = NumberCell(worker.cpus(), absl::StrCat(worker.cpus_free(), " of ", worker.cpus(), " free"));
    Cell memory = NumberCell(static_cast<double>(worker.memory_bytes()),
                             absl::StrCat(FormatBytes(worker.memory_bytes_free()), " of ",
                                          FormatBytes(worker.memory_bytes()), " free"));
    if (!worker.live()) {
      cpus.text = absl::StrCat(worker.cpus());
      memory.text = FormatBytes(worker.memory_bytes());
    }
    std::vector<std::string> labels;
    for (const auto& [name, value] :
         std::map<std::string, std::string>(worker.labels().begin(), worker.labels().end())) {
      labels.push_back(absl::StrCat(name, "=", value));
    }
    table.rows.push_back(
        {"",
         {TextCell(worker.worker_id()), WorkerStateCell(worker), std::move(cpus),
          CountCell(worker.cpus_free()), std::move(memory), CountCell(worker.memory_bytes_free()),
          GpuCell(worker), TextCell(absl::StrJoin(worker.running(), "; ")),
          TextCell(absl::StrJoin(labels, " "))}});
  }
  return table;
}

std::string DevicesPage(const PageFiles& files, const std::vector<v1::WorkerStatus>& workers) {
  const std::string body =
      absl::StrCat("<h1>Devices</h1>\n<div data-refresh=\"5\">\n<section data-part=\"devices\">\n",
                   TableHtml(AttachedDevicesTable(workers)), "</section>\n<section data-part=\"workers\">\n",
                   TableHtml(WorkersTable(workers)), "</section>\n</div>\n");
  return FramePage(files, {"Devices", "/devices", body});
}

}  // namespace bonsai
