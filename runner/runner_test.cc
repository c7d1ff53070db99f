// RunnerMain in a process of its own: exit codes, events, signals.
#include "runner/runner.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "runner/event_stream.h"
#include "storage/directory_blob_store.h"
#include "storage/file_bytes.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

using testing::HasSubstr;
using Work = std::function<absl::Status(RunnerContext&)>;

absl::Status PublishNothingMuch(RunnerContext& context) {
  v1::Manifest manifest;
  manifest.set_kind("corpus");
  return context.PublishOutput(manifest).status();
}

class RunnerTest : public testing::Test {
 protected:
  struct Result {
    int code = -1;
    std::string err;
    std::vector<v1::RunnerEvent> events;
  };

  RunnerTest() {
    dir_ = testing::TempDir() + "/main-XXXXXX";
    if (mkdtemp(dir_.data()) == nullptr) std::abort();
  }

  std::string WriteTask(const std::string& more) {
    std::ofstream(dir_ + "/task") << "job_id: \"p1/d\" spec { data { } } storage_dir: \"" << dir_
                                  << "/storage\" work_dir: \"" << dir_ << "/work\" " << more;
    return "--task=" + dir_ + "/task";
  }

  // Runs RunnerMain in a child; `signal_number` is sent to it once it has reported an event.
  Result Run(const std::string& program, const std::string& argument, const Work& work,
             int signal_number = 0) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      dup2(ends[1], kEventsFd);
      dup2(open((dir_ + "/err").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), 2);
      std::string name = program, task = argument;
      char* argv[] = {name.data(), task.data(), nullptr};
      _exit(RunnerMain(2, argv, work));
    }
    close(ends[1]);
    Result result;
    EventReader reader;
    char buffer[4096];
    ssize_t got;
    while ((got = read(ends[0], buffer, sizeof buffer)) > 0) {
      auto events = reader.Feed(absl::string_view(buffer, got));
      EXPECT_TRUE(events.ok()) << events.status();
      for (const v1::RunnerEvent& event : *events) result.events.push_back(event);
      if (signal_number != 0) kill(child, std::exchange(signal_number, 0));
    }
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    result.err = *ReadFileBytes(dir_ + "/err", 1 << 20);
    return result;
  }

  static constexpr int kEventsFd = 40;
  std::string dir_;
};

TEST_F(RunnerTest, DoneIsZeroAndTheOutputIsReported) {
  Result result = Run("bonsai-run-data", WriteTask("events_fd: 40"), PublishNothingMuch);
  EXPECT_EQ(result.code, 0) << result.err;
  ASSERT_EQ(result.events.size(), 1u);
  auto store = DirectoryBlobStore::Open(dir_ + "/storage");
  EXPECT_EQ(GetManifest(**store, result.events[0].artifact().manifest_id())->kind(), "corpus");
}

TEST_F(RunnerTest, StatusesBecomeTheDocumentedExitCodes) {
  EXPECT_EQ(ExitFor(absl::OkStatus(), false), RunnerExit::kDone);
  EXPECT_EQ(ExitFor(absl::InternalError(""), false), RunnerExit::kFailed);
  EXPECT_EQ(ExitFor(absl::ResourceExhaustedError(""), false), RunnerExit::kFailed);
  EXPECT_EQ(ExitFor(absl::InvalidArgumentError(""), false), RunnerExit::kBadInput);
  EXPECT_EQ(ExitFor(absl::NotFoundError(""), false), RunnerExit::kBadInput);
  EXPECT_EQ(ExitFor(absl::FailedPreconditionError(""), true), RunnerExit::kBadInput);
  EXPECT_EQ(ExitFor(absl::OutOfRangeError(""), false), RunnerExit::kBadInput);
  EXPECT_EQ(ExitFor(absl::DataLossError(""), false), RunnerExit::kBadInput);
  EXPECT_EQ(ExitFor(absl::CancelledError(""), true), RunnerExit::kPreempted);
  EXPECT_EQ(ExitFor(absl::CancelledError(""), false), RunnerExit::kFailed);
}

TEST_F(RunnerTest, AFailureIsItsLastEventAndOneLineOnStderr) {
  Result result = Run("bonsai-run-data", WriteTask("events_fd: 40"),
                      [](RunnerContext&) { return absl::DataLossError("shard 3\nis truncated"); });
  EXPECT_EQ(result.code, 65);
  ASSERT_EQ(result.events.size(), 1u);
  EXPECT_EQ(result.events[0].failure().message(), "shard 3 / is truncated");
  EXPECT_EQ(result.err, "bonsai-run-data: shard 3 / is truncated\n");
}

TEST_F(RunnerTest, WhatThirdPartyCodeThrowsIsAFailure) {
  Result result = Run("bonsai-run-data", WriteTask("events_fd: 40"),
                      [](RunnerContext&) -> absl::Status { throw std::runtime_error("bad shape"); });
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.events[0].failure().message(), "exception: bad shape");
}

TEST_F(RunnerTest, DoneWithoutAnOutputIsAFailure) {
  Result result = Run("bonsai-run-data", WriteTask(""), [](RunnerContext&) { return absl::OkStatus(); });
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("without an output"));
}

TEST_F(RunnerTest, SigtermAsksForACheckpointAndLeaves) {
  Result result = Run(
      "bonsai-run-data", WriteTask("events_fd: 40"),
      [](RunnerContext& context) {
        context.ReportProgress(1, 2, "steps");
        while (!context.StopRequested()) usleep(1000);
        v1::Manifest manifest;
        manifest.set_kind("checkpoint");
        return context.PublishCheckpoint(manifest, 1).ok() ? absl::CancelledError("left at step 1")
                                                           : absl::InternalError("no checkpoint");
      },
      SIGTERM);
  EXPECT_EQ(result.code, 75) << result.err;
  ASSERT_EQ(result.events.size(), 2u);
  EXPECT_EQ(result.events[1].checkpoint().step(), 1u);
}

TEST_F(RunnerTest, ByHandEventsAreLinesOnStderr) {
  Result result = Run("bonsai-run-data", WriteTask(""), [](RunnerContext& context) {
    context.ReportProgress(1, 2, "documents");
    context.ReportSample(1, {{"loss", 2.5}});
    return PublishNothingMuch(context);
  });
  EXPECT_EQ(result.code, 0);
  EXPECT_TRUE(result.events.empty());
  EXPECT_THAT(result.err, HasSubstr("progress: 1 of 2 documents\nstep 1: loss 2.5\noutput: "));
}

TEST_F(RunnerTest, BadTasksAreExit65WithOneLine) {
  struct Case {
    std::string argument, want;
  };
  std::string unknown_field = "--task=" + dir_ + "/unknown";
  std::ofstream(dir_ + "/unknown") << "job_id: \"x\"\nvocabulary: 3\n";
  std::string missing_value = "--task=" + dir_ + "/missing";
  std::ofstream(dir_ + "/missing") << "job_id: \"x\"\n";
  for (const Case& bad :
       std::vector<Case>{{"--task=/no/such/file", "/no/such/file: No such file"},
                         {"--tusk=x", "unknown argument \"--tusk=x\": want --task=FILE"},
                         {"--task=", "no task is given"},
                         {unknown_field, "unknown:2:"},
                         {missing_value, "spec is missing"},
                         {WriteTask("events_fd: 41"), "events_fd is 41, which is not open"}}) {
    Result result = Run("bonsai-run-data", bad.argument, PublishNothingMuch);
    EXPECT_EQ(result.code, 65) << bad.want;
    EXPECT_THAT(result.err, HasSubstr(bad.want));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
}

TEST_F(RunnerTest, RefusesATaskOfAnotherKind) {
  Result result = Run("/bin/bonsai-run-pack", WriteTask(""), PublishNothingMuch);
  EXPECT_EQ(result.code, 65);
  EXPECT_THAT(result.err, HasSubstr("kind \"data\": this program runs \"pack\""));
}

}  // namespace
}  // namespace bonsai
