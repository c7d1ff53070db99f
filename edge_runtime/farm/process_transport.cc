#include "edge_runtime/farm/process_transport.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runner/child_process.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

namespace fs = std::filesystem;

class ProcessTransport final : public DeviceTransport {
 public:
  ProcessTransport(const std::string& work_dir, std::vector<std::string> emulator, std::function<bool()> stop)
      : work_dir_(work_dir), emulator_(std::move(emulator)), stop_(std::move(stop)) {}

  absl::StatusOr<std::string> Push(const std::string& local_path, const std::string& name) override {
    absl::StatusOr<std::string> path = DevicePath(name);
    if (!path.ok()) return path;
    std::error_code error;
    fs::create_directories(work_dir_ + "/device", error);
    if (!error) fs::remove(*path, error);
    if (!error) fs::copy_file(local_path, *path, error);
    if (!error) fs::permissions(*path, fs::perms::owner_all, error);
    if (error) return ErrnoStatus(error.value(), absl::StrCat("push ", local_path, " to"), *path);
    return path;
  }

  absl::StatusOr<DeviceOutput> Run(const std::vector<std::string>& argv, absl::Duration timeout) override {
    ChildOptions options;
    options.argv = emulator_;
    options.argv.insert(options.argv.end(), argv.begin(), argv.end());
    options.work_dir = work_dir_;
    options.stdout_path = work_dir_ + "/device.stdout";
    options.stderr_path = work_dir_ + "/device.stderr";
    options.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C"};
    options.timeout = timeout;
    options.stop = stop_;
    options.without_network = true;
    // An emulator that starts hides that what it is to run is not there.
    if (!argv.empty() && argv[0].find('/') != std::string::npos && access(argv[0].c_str(), F_OK) != 0) {
      return ErrnoStatus(errno, "run", argv[0]);
    }
    absl::StatusOr<ChildExit> exit = RunChild(options);
    if (absl::IsNotFound(exit.status()) && !emulator_.empty()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the emulator ", emulator_[0], " is not installed; Debian's package qemu-user-static has it"));
    }
    if (!exit.ok()) return exit.status();
    if (exit->timed_out) {
      return absl::DeadlineExceededError(
          absl::StrCat(argv[0], " did not end within ", absl::FormatDuration(timeout), " and was killed"));
    }
    return ReadOutput(options, exit->exit_code);
  }

  absl::Status Remove(const std::string& name) override {
    absl::StatusOr<std::string> path = DevicePath(name);
    if (!path.ok()) return path.status();
    if (unlink(path->c_str()) != 0) return ErrnoStatus(errno, "remove", *path);
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<std::string> DevicePath(const std::string& name) const {
    if (name.empty() || name[0] == '.' || name.find('/') != std::string::npos) {
      return absl::InvalidArgumentError(absl::StrCat(
          "\"", name, "\" is no file name; valid is one without '/' that does not start with '.'"));
    }
    return absl::StrCat(work_dir_, "/device/", name);
  }

  static absl::StatusOr<DeviceOutput> ReadOutput(const ChildOptions& options, int exit_code) {
    DeviceOutput output;
    output.exit_code = exit_code;
    absl::StatusOr<std::string> text = ReadFileBytes(options.stdout_path, kDeviceOutputBytesMax);
    if (!text.ok()) return text.status();
    output.stdout_text = *std::move(text);
    text = ReadFileBytes(options.stderr_path, kDeviceOutputBytesMax);
    if (!text.ok()) return text.status();
    output.stderr_text = *std::move(text);
    return output;
  }

  const std::string work_dir_;
  const std::vector<std::string> emulator_;
  const std::function<bool()> stop_;
};

}  // namespace

std::unique_ptr<DeviceTransport> MakeProcessTransport(const std::string& work_dir,
                                                      std::vector<std::string> emulator,
                                                      std::function<bool()> stop) {
  return std::make_unique<ProcessTransport>(work_dir, std::move(emulator), std::move(stop));
}

}  // namespace bonsai
