// Stands in for bonsai-coordinator where a test needs a process: `fake_coordinator --config=FILE` serves a
// FakeCoordinator with one pipeline that is done, and writes its address as the real one does, until SIGTERM.
#include <google/protobuf/text_format.h>
#include <signal.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "bonsai/v1/config.pb.h"
#include "client/testing/fake_coordinator.h"

int main(int argc, char** argv) {
  const std::string flag = "--config=";
  if (argc != 2 || std::string(argv[1]).substr(0, flag.size()) != flag) {
    std::fputs("usage: fake_coordinator --config=FILE\n", stderr);
    return 2;
  }
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigprocmask(SIG_BLOCK, &stop, nullptr);
  std::ifstream file(std::string(argv[1]).substr(flag.size()));
  const std::string text(std::istreambuf_iterator<char>(file), {});
  bonsai::v1::CoordinatorConfig config;
  if (!google::protobuf::TextFormat::ParseFromString(text, &config)) return 2;

  bonsai::FakeCoordinator coordinator;
  bonsai::v1::WatchPipelineResponse& response = coordinator.watch.emplace_back();
  bonsai::v1::JobRecord& job = *response.add_jobs()->mutable_job();
  job.set_id("p1/a");
  job.set_pipeline_id("p1");
  job.set_state(bonsai::v1::DONE);
  response.set_ended(true);
  coordinator.jobs.push_back(response.jobs(0));

  const std::string path = config.state_dir() + "/address";
  std::ofstream(path + ".new") << coordinator.address() << "\n";
  if (std::rename((path + ".new").c_str(), path.c_str()) != 0) return 1;
  int number = 0;
  sigwait(&stop, &number);
  return 0;
}
