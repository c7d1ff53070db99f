// bonsai-worker --config=FILE: a worker process. Exit codes: 0 left after SIGTERM, 1 failed, 65 bad
// configuration.
#include <unistd.h>

#include <cstdio>
#include <random>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "worker/agent/agent.h"
#include "worker/agent/worker_config.h"

namespace {

constexpr int kFailed = 1;
constexpr int kBadConfiguration = 65;

constexpr char kUsage[] =
    "usage: bonsai-worker --config=FILE [--stop_grace_ms=N]\n\n"
    "Runs what the coordinator places here. FILE is a bonsai.v1.WorkerConfig in text format.\n"
    "  --stop_grace_ms=N  from SIGTERM to SIGKILL of a rank whose task names no grace (10000)\n\n"
    "SIGTERM: ranks write a checkpoint and leave, then so does the worker.\n"
    "exit codes: 0 left after SIGTERM, 1 failed, 65 bad configuration\n";

struct Arguments {
  std::string config;
  absl::Duration stop_grace = bonsai::kStopGrace;
  bool help = false;
};

absl::StatusOr<Arguments> ParseArguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    absl::string_view word = argv[i];
    int64_t grace_ms = 0;
    if (word == "--help" || word == "-h") {
      arguments.help = true;
    } else if (absl::ConsumePrefix(&word, "--config=")) {
      arguments.config = std::string(word);
    } else if (absl::ConsumePrefix(&word, "--stop_grace_ms=") && absl::SimpleAtoi(word, &grace_ms) &&
               grace_ms >= 0) {
      arguments.stop_grace = absl::Milliseconds(grace_ms);
    } else {
      return absl::InvalidArgumentError(absl::StrCat("\"", argv[i], "\" is no argument; see --help"));
    }
  }
  if (arguments.config.empty() && !arguments.help)
    return absl::InvalidArgumentError("want --config=FILE; see --help");
  return arguments;
}

std::string DrawSession() {
  std::random_device random;
  return absl::StrFormat("%08x%08x", random(), random());
}

int Fail(const absl::Status& status, int code) {
  fprintf(stderr, "bonsai-worker: %s\n", std::string(status.message()).c_str());
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  absl::StatusOr<Arguments> arguments = ParseArguments(argc, argv);
  if (!arguments.ok()) return Fail(arguments.status(), kBadConfiguration);
  if (arguments->help) {
    fputs(kUsage, stdout);
    return 0;
  }
  absl::StatusOr<bonsai::v1::WorkerConfig> config = bonsai::ReadWorkerConfig(arguments->config);
  if (!config.ok()) return Fail(config.status(), kBadConfiguration);
  absl::StatusOr<bonsai::v1::WorkerOffer> offer = bonsai::MakeOffer(*config);
  if (!offer.ok()) return Fail(offer.status(), kBadConfiguration);
  bonsai::Agent::BlockSignals();
  absl::StatusOr<std::unique_ptr<bonsai::Agent>> agent =
      bonsai::Agent::Create(*std::move(config), *std::move(offer), DrawSession(), arguments->stop_grace);
  if (!agent.ok()) return Fail(agent.status(), kFailed);
  (*agent)->Run();
  // Nothing runs and nothing is unsaid; the metrics server alone would take two seconds to stop.
  _exit(0);
}
