#include "runner/process_runner_context.h"

#include <signal.h>

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace bonsai {
namespace {

constexpr size_t kLineMax = 2000;

volatile sig_atomic_t stop_requested = 0;

extern "C" void OnStopSignal(int) { stop_requested = 1; }

}  // namespace

std::string OneLine(absl::string_view text) {
  std::string line;
  for (unsigned char c : text.substr(0, kLineMax)) {
    if (c == '\n') {
      line += " / ";
    } else if (c < 0x20 || c >= 0x7f) {
      absl::StrAppendFormat(&line, "\\x%02x", c);
    } else {
      line.push_back(static_cast<char>(c));
    }
  }
  if (text.size() > kLineMax || line.size() > kLineMax) line = line.substr(0, kLineMax) + "...";
  return line;
}

std::string EventLine(const v1::RunnerEvent& event) {
  switch (event.event_case()) {
    case v1::RunnerEvent::kProgress: {
      const v1::Progress& progress = event.progress();
      std::string line = absl::StrCat("progress: ", progress.step());
      if (progress.total_steps() > 0) absl::StrAppend(&line, " of ", progress.total_steps());
      absl::StrAppend(&line, " ", progress.unit());
      if (progress.eta_seconds() >= 0) absl::StrAppendFormat(&line, ", %.0f s to go", progress.eta_seconds());
      return line;
    }
    case v1::RunnerEvent::kSample: {
      std::string line = absl::StrCat("step ", event.sample().step());
      const char* separator = ": ";
      for (const v1::Metric& metric : event.sample().metrics()) {
        absl::StrAppendFormat(&line, "%s%s %.6g", separator, metric.name(), metric.value());
        separator = ", ";
      }
      return line;
    }
    case v1::RunnerEvent::kCheckpoint:
      return absl::StrCat("checkpoint of step ", event.checkpoint().step(), ": ",
                          event.checkpoint().manifest_id());
    case v1::RunnerEvent::kArtifact:
      return absl::StrCat("output: ", event.artifact().manifest_id());
    case v1::RunnerEvent::kFailure:
      return absl::StrCat("failed: ", event.failure().message());
    case v1::RunnerEvent::EVENT_NOT_SET:
      break;
  }
  return "an empty event";
}

ProcessRunnerContext::ProcessRunnerContext(v1::Task task, BlobStore& blobs)
    : StoreRunnerContext(std::move(task), blobs), writer_(task_.events_fd()) {}

void ProcessRunnerContext::InstallSignals(bool by_hand) {
  struct sigaction stop = {};
  stop.sa_handler = OnStopSignal;
  stop.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &stop, nullptr);
  if (by_hand) {
    // A second Ctrl-C ends the process at once.
    stop.sa_flags |= SA_RESETHAND;
    sigaction(SIGINT, &stop, nullptr);
  }
  signal(SIGPIPE, SIG_IGN);
}

bool ProcessRunnerContext::StopRequested() const { return stop_requested != 0; }

void ProcessRunnerContext::ReportFailure(absl::string_view message) {
  v1::RunnerEvent event;
  event.mutable_failure()->set_message(OneLine(message));
  // By hand, RunnerMain's own line on stderr says it.
  if (task().events_fd() > 0) Emit(event);
}

void ProcessRunnerContext::Emit(const v1::RunnerEvent& event) {
  if (task().events_fd() == 0) {
    std::lock_guard<std::mutex> lock(stderr_mutex_);
    fprintf(stderr, "%s\n", EventLine(event).c_str());
    return;
  }
  absl::Status status = writer_.Write(event);
  if (status.ok()) return;
  // Its agent is gone. The kernel is about to end this process too; if it does not, nobody waits for the
  // work.
  if (!absl::IsInvalidArgument(status)) stop_requested = 1;
  std::lock_guard<std::mutex> lock(stderr_mutex_);
  fprintf(stderr, "event not reported: %s\n", std::string(status.message()).c_str());
}

}  // namespace bonsai
