// A stand-in for libnvidia-ml.so.1: as many GPUs as the file that $FAKE_NVML names has lines "uuid
// memory_bytes uncorrected_errors xid", read anew at each call. An xid of 0 is none; a uuid of "lost" is a
// GPU that fell off the bus.
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace {

struct Line {
  std::string uuid;
  unsigned long long memory = 0, errors = 0, xid = 0;
};

std::vector<Line> Lines() {
  const char* path = getenv("FAKE_NVML");
  std::ifstream file(path == nullptr ? "" : path);
  std::vector<Line> lines;
  for (Line line; file >> line.uuid >> line.memory >> line.errors >> line.xid;) lines.push_back(line);
  return lines;
}

// A handle is the GPU's index, from 1.
size_t IndexOf(void* device) { return reinterpret_cast<size_t>(device) - 1; }
std::vector<bool> said_xid(256);

}  // namespace

extern "C" {

int nvmlInit_v2() { return getenv("FAKE_NVML") == nullptr ? 9 : 0; }
int nvmlShutdown() { return 0; }
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = static_cast<unsigned>(Lines().size());
  return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  *device = reinterpret_cast<void*>(static_cast<size_t>(index) + 1);
  return 0;
}
int nvmlDeviceGetUUID(void* device, char* text, unsigned size) {
  const std::string uuid = Lines()[IndexOf(device)].uuid;
  if (uuid == "lost") return 15;
  strncpy(text, uuid.c_str(), size - 1);
  return 0;
}
int nvmlDeviceGetName(void*, char* text, unsigned size) {
  strncpy(text, "Fake GPU", size - 1);
  text[size - 1] = '\0';
  return 0;
}
int nvmlDeviceGetMemoryInfo(void* device, unsigned long long* total_free_used) {
  total_free_used[0] = Lines()[IndexOf(device)].memory;
  return 0;
}
int nvmlDeviceGetTotalEccErrors(void* device, int, int, unsigned long long* count) {
  *count = Lines()[IndexOf(device)].errors;
  return 0;
}
int nvmlEventSetCreate(void** set) {
  *set = &said_xid;
  return 0;
}
int nvmlDeviceRegisterEvents(void*, unsigned long long, void*) { return 0; }
int nvmlEventSetWait_v2(void*, void* event, unsigned) {
  struct Event {
    void* device;
    unsigned long long type, data;
    unsigned gpu_instance, compute_instance;
  };
  const std::vector<Line> lines = Lines();
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].xid == 0 || said_xid[i]) continue;
    said_xid[i] = true;
    *static_cast<Event*>(event) = {reinterpret_cast<void*>(i + 1), 8, lines[i].xid, 0, 0};
    return 0;
  }
  return 10;
}

}  // extern "C"
