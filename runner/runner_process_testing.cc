#include "runner/runner_process_testing.h"

#include <fcntl.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

}  // namespace

RunnerProcess::RunnerProcess(const std::string& program, v1::Task task) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  // A small pipe keeps the runner from running far ahead of what was read.
  fcntl(ends[1], F_SETPIPE_SZ, 4096);
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  read_end_ = ends[0];
  task.set_events_fd(ends[1]);
  std::string text;
  google::protobuf::TextFormat::PrintToString(task, &text);
  const std::string path = absl::StrCat(task.work_dir(), "/task.textproto");
  std::ofstream(path) << text;
  const std::string flag = absl::StrCat("--task=", path);
  pid_ = fork();
  if (pid_ == 0) {
    execl(program.c_str(), program.c_str(), flag.c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
}

RunnerProcess::~RunnerProcess() {
  if (pid_ > 0) Kill(SIGKILL), Wait();
  if (read_end_ >= 0) CloseEvents();
}

bool RunnerProcess::ReadUntil(const std::function<bool(const v1::RunnerEvent&)>& wanted) {
  char buffer[256];
  while (true) {
    while (next_ < events_.size()) {
      if (wanted(events_[next_++])) return true;
    }
    const ssize_t count = read(read_end_, buffer, sizeof(buffer));
    if (count <= 0) return false;
    const auto more = reader_.Feed(absl::string_view(buffer, static_cast<size_t>(count)));
    EXPECT_TRUE(more.ok()) << more.status();
    if (!more.ok()) return false;
    events_.insert(events_.end(), more->begin(), more->end());
  }
}

bool RunnerProcess::ReadUntilSample(uint64_t step) {
  return ReadUntil([&](const v1::RunnerEvent& event) { return event.sample().step() >= step; });
}

bool RunnerProcess::ReadUntilCheckpoint(uint64_t step) {
  return ReadUntil([&](const v1::RunnerEvent& event) { return event.checkpoint().step() >= step; });
}

void RunnerProcess::Kill(int signal) { kill(pid_, signal); }

void RunnerProcess::CloseEvents() { close(std::exchange(read_end_, -1)); }

int RunnerProcess::Wait() {
  if (read_end_ >= 0) ReadUntil([](const v1::RunnerEvent&) { return false; });
  int status = 0;
  rusage used = {};
  wait4(pid_, &status, 0, &used);
  pid_ = -1;
  processor_seconds_ = Seconds(used.ru_utime) + Seconds(used.ru_stime);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string RunnerProcess::Output() const {
  for (const v1::RunnerEvent& event : events_) {
    if (event.has_artifact()) return event.artifact().manifest_id();
  }
  return "";
}

std::string RunnerProcess::Failure() const {
  for (const v1::RunnerEvent& event : events_) {
    if (event.has_failure()) return event.failure().message();
  }
  return "";
}

}  // namespace bonsai
