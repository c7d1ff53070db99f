// A device that is a table of answers, for tests of what runs on devices.
#ifndef BONSAI_EDGE_RUNTIME_FARM_FAKE_DEVICE_TRANSPORT_H_
#define BONSAI_EDGE_RUNTIME_FARM_FAKE_DEVICE_TRANSPORT_H_

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "edge_runtime/farm/device_transport.h"
#include "storage/file_bytes.h"

namespace bonsai {

class FakeDeviceTransport : public DeviceTransport {
 public:
  using Command = std::function<absl::StatusOr<DeviceOutput>(const std::vector<std::string>& arguments)>;

  // What running `name` does: the path that Push returns for it, or a command that is there anyway.
  void SetCommand(const std::string& name, Command command) { commands_[name] = std::move(command); }

  absl::StatusOr<std::string> Push(const std::string& local_path, const std::string& name) override {
    if (name.empty() || name[0] == '.' || name.find('/') != std::string::npos) {
      return absl::InvalidArgumentError(absl::StrCat("\"", name, "\" is no file name"));
    }
    absl::StatusOr<std::string> bytes = ReadFileBytes(local_path, size_t{1} << 30);
    if (!bytes.ok()) return bytes.status();
    files_.insert(name);
    return "/device/" + name;
  }

  absl::StatusOr<DeviceOutput> Run(const std::vector<std::string>& argv, absl::Duration) override {
    calls.push_back(argv);
    const std::string name = argv[0].rfind("/device/", 0) == 0 ? argv[0].substr(8) : argv[0];
    const bool pushed = argv[0] != name;
    const auto found = commands_.find(name);
    if (found == commands_.end() || (pushed && files_.count(name) == 0)) {
      return absl::NotFoundError(absl::StrCat("run ", argv[0]));
    }
    return found->second({argv.begin() + 1, argv.end()});
  }

  absl::Status Remove(const std::string& name) override {
    return files_.erase(name) > 0 ? absl::OkStatus() : absl::NotFoundError(name);
  }

  std::vector<std::vector<std::string>> calls;

 private:
  std::map<std::string, Command> commands_;
  std::set<std::string> files_;
};

}  // namespace bonsai

#endif  // BONSAI_EDGE_RUNTIME_FARM_FAKE_DEVICE_TRANSPORT_H_
