// The load on a coordinator for its benchmarks, and the yardstick of its disk. One JSON object on stdout.
//
//   load_generator submit ADDRESS CLIENTS COUNT
//       COUNT submissions of one job each, by so many clients at once, each waiting for its acknowledgement
//   load_generator tasks ADDRESS COUNT
//       COUNT one-rank jobs in pipelines of 500, until the last has ended
//   load_generator fdatasync FOLDER COUNT
//       COUNT appends of 512 bytes, each made durable
//
// Exit codes: 0 done, 1 something failed (stderr says what), 64 usage.
#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bonsai/v1/coordinator.grpc.pb.h"

namespace bonsai {
namespace {

constexpr int kJobsPerPipeline = 500;
constexpr int kReceivedMessageBytesMax = 64 << 20;

std::unique_ptr<v1::Coordinator::Stub> Dial(const std::string& address) {
  grpc::ChannelArguments arguments;
  // A connection for each client, as separate processes would have.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(kReceivedMessageBytesMax);
  return v1::Coordinator::NewStub(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

v1::Pipeline NoopPipeline(int jobs) {
  v1::Pipeline pipeline;
  pipeline.set_name("load");
  for (int i = 0; i < jobs; ++i) {
    v1::JobSpec& job = *pipeline.add_jobs();
    job.set_name(absl::StrCat("noop", i));
    job.mutable_resources()->set_cpus(1);
    job.mutable_resources()->set_memory_bytes(1 << 20);
    v1::DataSpec::Source& source = *job.mutable_data()->add_sources();
    source.set_dataset("none");
    source.set_format(v1::DataSpec::C4_JSON_GZ);
    source.add_paths("/nowhere/none.json.gz");
  }
  return pipeline;
}

// Drawn anew in each run: a coordinator remembers the requests of earlier ones.
std::string DrawPrefix() {
  std::random_device random;
  return absl::StrCat("load-", random(), "-", random(), "-");
}

void PrintLatencies(const char* what, std::vector<double> seconds, double elapsed, int clients) {
  std::sort(seconds.begin(), seconds.end());
  const auto quantile = [&](double q) {
    return 1e3 * seconds[std::min(seconds.size() - 1,
                                  static_cast<size_t>(q * static_cast<double>(seconds.size())))];
  };
  std::printf(
      "{\"what\": \"%s\", \"clients\": %d, \"count\": %zu, \"seconds\": %.6f, \"per_second\": %.3f, "
      "\"p50_ms\": %.4f, \"p99_ms\": %.4f, \"max_ms\": %.4f}\n",
      what, clients, seconds.size(), elapsed, static_cast<double>(seconds.size()) / elapsed, quantile(0.5),
      quantile(0.99), 1e3 * seconds.back());
}

int Fail(const std::string& what) {
  std::fprintf(stderr, "load_generator: %s\n", what.c_str());
  return 1;
}

int RunSubmit(const std::string& address, int clients, int count) {
  const std::string prefix = DrawPrefix();
  std::atomic<int> next{0};
  std::atomic<bool> failed{false};
  std::vector<std::vector<double>> latencies(clients);
  std::vector<std::thread> threads;
  // All are connected before the clock starts.
  std::vector<std::unique_ptr<v1::Coordinator::Stub>> stubs;
  for (int i = 0; i < clients; ++i) {
    stubs.push_back(Dial(address));
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    v1::ListWorkersResponse workers;
    if (!stubs.back()->ListWorkers(&context, {}, &workers).ok()) return Fail("no coordinator at " + address);
  }
  const absl::Time start = absl::Now();
  for (int client = 0; client < clients; ++client) {
    threads.emplace_back([&, client] {
      v1::SubmitPipelineRequest request;
      *request.mutable_pipeline() = NoopPipeline(1);
      for (int i = next++; i < count && !failed; i = next++) {
        request.set_request_id(absl::StrCat(prefix, i));
        grpc::ClientContext context;
        v1::SubmitPipelineResponse response;
        const absl::Time sent = absl::Now();
        const grpc::Status status = stubs[client]->SubmitPipeline(&context, request, &response);
        if (!status.ok()) {
          failed = true;
          Fail(status.error_message());
        }
        latencies[client].push_back(absl::ToDoubleSeconds(absl::Now() - sent));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double elapsed = absl::ToDoubleSeconds(absl::Now() - start);
  if (failed) return 1;
  std::vector<double> all;
  for (const auto& each : latencies) all.insert(all.end(), each.begin(), each.end());
  PrintLatencies("submit", std::move(all), elapsed, clients);
  return 0;
}

// Reads the stream of changes until all jobs have ended; counts those that are done.
bool WaitForEnd(v1::Coordinator::Stub& stub, const std::string& pipeline_id, int& done) {
  grpc::ClientContext context;
  v1::WatchPipelineRequest request;
  request.set_pipeline_id(pipeline_id);
  auto reader = stub.WatchPipeline(&context, request);
  v1::WatchPipelineResponse change;
  while (reader->Read(&change)) {
    for (const v1::JobStatus& status : change.jobs()) done += status.job().state() == v1::DONE;
  }
  return reader->Finish().ok();
}

int RunTasks(const std::string& address, int count) {
  const auto stub = Dial(address);
  const std::string prefix = DrawPrefix();
  std::vector<std::string> pipelines;
  const absl::Time start = absl::Now();
  for (int submitted = 0; submitted < count; submitted += kJobsPerPipeline) {
    v1::SubmitPipelineRequest request;
    request.set_request_id(absl::StrCat(prefix, submitted));
    *request.mutable_pipeline() = NoopPipeline(std::min(kJobsPerPipeline, count - submitted));
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    v1::SubmitPipelineResponse response;
    const grpc::Status status = stub->SubmitPipeline(&context, request, &response);
    if (!status.ok()) return Fail(status.error_message());
    pipelines.push_back(response.pipeline_id());
  }
  const double submitted = absl::ToDoubleSeconds(absl::Now() - start);
  int done = 0;
  for (const std::string& id : pipelines) {
    if (!WaitForEnd(*stub, id, done)) return Fail("the watch of " + id + " broke off");
  }
  const double elapsed = absl::ToDoubleSeconds(absl::Now() - start);
  if (done != count) return Fail(absl::StrCat("only ", done, " of ", count, " jobs are done"));
  std::printf(
      "{\"what\": \"tasks\", \"count\": %d, \"submit_seconds\": %.6f, \"seconds\": %.6f, \"per_second\": "
      "%.3f}\n",
      count, submitted, elapsed, count / elapsed);
  return 0;
}

int RunFdatasync(const std::string& folder, int count) {
  const std::string path = absl::StrCat(folder, "/fdatasync.", getpid());
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return Fail("cannot open " + path);
  const std::string block(512, 'x');
  std::vector<double> seconds;
  const absl::Time start = absl::Now();
  bool ok = true;
  for (int i = 0; i < count && ok; ++i) {
    const absl::Time before = absl::Now();
    ok = write(fd, block.data(), block.size()) == static_cast<ssize_t>(block.size()) && fdatasync(fd) == 0;
    seconds.push_back(absl::ToDoubleSeconds(absl::Now() - before));
  }
  const double elapsed = absl::ToDoubleSeconds(absl::Now() - start);
  close(fd);
  unlink(path.c_str());
  if (!ok) return Fail("cannot write " + path);
  PrintLatencies("fdatasync", std::move(seconds), elapsed, 1);
  return 0;
}

}  // namespace
}  // namespace bonsai

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  std::vector<int> numbers;
  for (size_t i = 2; i < words.size(); ++i) {
    int number = 0;
    if (absl::SimpleAtoi(words[i], &number) && number > 0) numbers.push_back(number);
  }
  if (words.size() == 4 && numbers.size() == 2 && words[0] == "submit") {
    return bonsai::RunSubmit(words[1], numbers[0], numbers[1]);
  }
  if (words.size() == 3 && numbers.size() == 1 && words[0] == "tasks")
    return bonsai::RunTasks(words[1], numbers[0]);
  if (words.size() == 3 && numbers.size() == 1 && words[0] == "fdatasync") {
    return bonsai::RunFdatasync(words[1], numbers[0]);
  }
  std::fprintf(
      stderr,
      "usage: load_generator submit ADDRESS CLIENTS COUNT | tasks ADDRESS COUNT | fdatasync FOLDER COUNT\n");
  return 64;
}
