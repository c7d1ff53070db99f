// bonsai-coordinator --config=FILE. Exit codes: 0 it was asked to stop (SIGTERM, SIGINT); 64 usage; 69 it
// cannot start (address taken, records damaged or in use, disk full); 74 records could not be committed; 78
// bad configuration.
#include <pthread.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "coordinator/coordinator.h"
#include "coordinator/coordinator_config.h"
#include "coordinator/rpc/stderr_log.h"

namespace {

constexpr int kExitUsage = 64;        // EX_USAGE
constexpr int kExitCannotStart = 69;  // EX_UNAVAILABLE
constexpr int kExitBadConfig = 78;    // EX_CONFIG

// The release that this binary belongs to: ../share/VERSION beside its folder.
std::string InstalledVersion() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  return bonsai::ReadCodeVersion((self.parent_path().parent_path() / "share").string());
}

// Before any thread is made, so that all inherit the mask and only main waits for the signals.
sigset_t BlockStopSignals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int Fail(int code, const absl::Status& status) {
  std::fprintf(stderr, "bonsai-coordinator: %s\n", std::string(status.message()).c_str());
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Decides which worker runs which job, and keeps the records.", "bonsai-coordinator");
  std::string config_path;
  app.add_option("--config", config_path, "a bonsai.v1.CoordinatorConfig in text format")->required();
  app.set_version_flag("--version", InstalledVersion);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  const sigset_t signals = BlockStopSignals();
  absl::StatusOr<bonsai::v1::CoordinatorConfig> config = bonsai::ReadCoordinatorConfig(config_path);
  if (!config.ok()) return Fail(kExitBadConfig, config.status());
  absl::StatusOr<std::unique_ptr<bonsai::Coordinator>> coordinator = bonsai::Coordinator::Start(*config);
  if (!coordinator.ok()) {
    return Fail(kExitCannotStart,
                absl::Status(coordinator.status().code(),
                             absl::StrCat(config_path, ": ", coordinator.status().message())));
  }
  int signal = 0;
  sigwait(&signals, &signal);
  bonsai::LogLine(absl::StrCat("stopping on ", signal == SIGINT ? "SIGINT" : "SIGTERM"));
  (*coordinator)->Stop();
  return 0;
}
