// NVML is reached through dlopen, by the few types and functions of its documented, stable interface that are
// declared here: neither its header nor its library is needed to build or to run.
#include <dlfcn.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/agent/gpu_driver.h"

namespace bonsai {
namespace {

// As NVML's reference gives them (nvmlReturn_t, nvmlMemoryErrorType_t, nvmlEccCounterType_t, nvmlEventType*).
using NvmlDevice = struct nvmlDevice_st*;
using NvmlEventSet = struct nvmlEventSet_st*;
constexpr int kSuccess = 0;
constexpr int kGpuIsLost = 15;
constexpr int kUncorrected = 1;
constexpr int kSinceReset = 0;
constexpr unsigned long long kXidEvent = 8;
constexpr unsigned kTextBytes = 96;
constexpr unsigned kGpusMax = 256;
constexpr int kEventsPerRead = 64;

struct NvmlMemory {
  unsigned long long total, free, used;
};
struct NvmlEvent {
  NvmlDevice device;
  unsigned long long type, data;
  unsigned gpu_instance, compute_instance;
};

// Xid errors after which a GPU needs a reset or a person, by NVIDIA's list; the others are the program's.
bool IsFatalXid(unsigned long long xid) {
  constexpr unsigned long long kFatal[] = {48, 62, 64, 74, 79, 95, 119, 120};
  return std::find(std::begin(kFatal), std::end(kFatal), xid) != std::end(kFatal);
}

class NvmlDriver : public GpuDriver {
 public:
  explicit NvmlDriver(void* library) : library_(library) {}
  ~NvmlDriver() override {
    if (started_) shutdown_();
    dlclose(library_);
  }

  // False if the library lacks a function, or finds no driver.
  bool Start() {
    const bool found = Find("nvmlInit_v2", init_) && Find("nvmlShutdown", shutdown_) &&
                       Find("nvmlDeviceGetCount_v2", count_) &&
                       Find("nvmlDeviceGetHandleByIndex_v2", handle_) && Find("nvmlDeviceGetUUID", uuid_) &&
                       Find("nvmlDeviceGetName", name_) && Find("nvmlDeviceGetMemoryInfo", memory_);
    if (!found || init_() != kSuccess) return false;
    started_ = true;
    // These are not there on every GPU or driver.
    Find("nvmlDeviceGetTotalEccErrors", ecc_errors_);
    if (Find("nvmlEventSetCreate", event_set_create_) && Find("nvmlDeviceRegisterEvents", register_events_) &&
        Find("nvmlEventSetWait_v2", event_wait_) && event_set_create_(&events_) == kSuccess) {
      unsigned count = 0;
      count_(&count);
      for (unsigned i = 0; i < std::min(count, kGpusMax); ++i) {
        NvmlDevice device = nullptr;
        if (handle_(i, &device) == kSuccess) register_events_(device, kXidEvent, events_);
      }
    }
    return true;
  }

  std::vector<v1::Gpu> Read() override {
    TakeEvents();
    std::vector<v1::Gpu> gpus;
    unsigned count = 0;
    if (count_(&count) != kSuccess) return gpus;
    for (unsigned i = 0; i < std::min(count, kGpusMax); ++i) {
      NvmlDevice device = nullptr;
      const int found = handle_(i, &device);
      if (found == kSuccess) {
        gpus.push_back(ReadOne(device, i));
      } else {
        // It was there when we started, or was never in order: people should see that it is missing.
        v1::Gpu& gpu = gpus.emplace_back();
        gpu.set_id(ids_.count(i) > 0 ? ids_[i] : absl::StrCat("GPU-number-", i));
        gpu.set_unhealthy(absl::StrCat("the driver cannot reach it (NVML error ", found, ")"));
      }
    }
    return gpus;
  }

 private:
  template <typename Function>
  bool Find(const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library_, name));
    return function != nullptr;
  }

  void TakeEvents() {
    if (events_ == nullptr) return;
    NvmlEvent event = {};
    for (int i = 0; i < kEventsPerRead && event_wait_(events_, &event, 0) == kSuccess; ++i) {
      if (event.type != kXidEvent) continue;
      Seen& seen = seen_[event.device];
      ++seen.xids;
      if (IsFatalXid(event.data)) seen.fatal_xid = event.data;
    }
  }

  v1::Gpu ReadOne(NvmlDevice device, unsigned index) {
    v1::Gpu gpu;
    char text[kTextBytes] = "";
    const int named = uuid_(device, text, sizeof text);
    gpu.set_id(named == kSuccess       ? text
               : ids_.count(index) > 0 ? ids_[index]
                                       : absl::StrCat("GPU-number-", index));
    if (named == kSuccess) ids_[index] = text;
    if (name_(device, text, sizeof text) == kSuccess) gpu.set_name(text);
    NvmlMemory memory = {};
    const int remembered = memory_(device, &memory);
    gpu.set_memory_bytes(memory.total);
    unsigned long long ecc = 0;
    // "Not supported" is no error: most GPUs for people's desks have no ECC.
    if (ecc_errors_ == nullptr || ecc_errors_(device, kUncorrected, kSinceReset, &ecc) != kSuccess) ecc = 0;
    const Seen& seen = seen_[device];
    gpu.set_errors(ecc + seen.xids);
    if (named == kGpuIsLost || remembered == kGpuIsLost) {
      gpu.set_unhealthy("the driver has lost it (\"fallen off the bus\")");
    } else if (named != kSuccess) {
      gpu.set_unhealthy(absl::StrCat("the driver does not say what it is (NVML error ", named, ")"));
    } else if (ecc > 0) {
      gpu.set_unhealthy(absl::StrCat(ecc, " uncorrected memory errors since its last reset"));
    } else if (seen.fatal_xid > 0) {
      gpu.set_unhealthy(absl::StrCat("the driver reported Xid ", seen.fatal_xid));
    }
    return gpu;
  }

  struct Seen {
    uint64_t xids = 0;
    unsigned long long fatal_xid = 0;
  };

  void* const library_;
  bool started_ = false;
  int (*init_)() = nullptr;
  int (*shutdown_)() = nullptr;
  int (*count_)(unsigned*) = nullptr;
  int (*handle_)(unsigned, NvmlDevice*) = nullptr;
  int (*uuid_)(NvmlDevice, char*, unsigned) = nullptr;
  int (*name_)(NvmlDevice, char*, unsigned) = nullptr;
  int (*memory_)(NvmlDevice, NvmlMemory*) = nullptr;
  int (*ecc_errors_)(NvmlDevice, int, int, unsigned long long*) = nullptr;
  int (*event_set_create_)(NvmlEventSet*) = nullptr;
  int (*register_events_)(NvmlDevice, unsigned long long, NvmlEventSet) = nullptr;
  int (*event_wait_)(NvmlEventSet, NvmlEvent*, unsigned) = nullptr;
  NvmlEventSet events_ = nullptr;
  std::map<unsigned, std::string> ids_;  // as last read
  std::map<NvmlDevice, Seen> seen_;
};

}  // namespace

std::unique_ptr<GpuDriver> LoadNvml(const std::string& library) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return nullptr;
  auto driver = std::make_unique<NvmlDriver>(handle);
  if (!driver->Start()) return nullptr;
  return driver;
}

}  // namespace bonsai
