// The Python client against a fake coordinator, started as a user starts it.
#include <stdio.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>

#include "client/testing/fake_coordinator.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

// {exit code, what it printed}.
std::pair<int, std::string> Shell(const std::string& command) {
  std::string output;
  FILE* const pipe = popen((command + " 2>&1").c_str(), "r");
  char part[4096];
  for (size_t size; (size = fread(part, 1, sizeof(part), pipe)) > 0;) output.append(part, size);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

class SubmitAndWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto [code, output] =
        Shell("/usr/bin/python3 -c 'import grpc, google.protobuf' && command -v protoc");
    if (code != 0) {
      GTEST_SKIP() << "skipped: the Python client needs python3-grpcio, python3-protobuf and protoc: "
                   << output;
    }
    file_ = testing::TempDir() + "/pipeline.textproto";
    std::ofstream(file_) << "name: \"x\" jobs { name: \"a\" }";
  }

  void AddUpdate(v1::JobState state, bool ended) {
    v1::WatchPipelineResponse& update = fake_.watch.emplace_back();
    update.add_jobs()->mutable_job()->set_id("p1/a");
    update.mutable_jobs(0)->mutable_job()->set_state(state);
    update.set_ended(ended);
  }

  std::pair<int, std::string> Run() {
    return Shell("/usr/bin/python3 deploy/examples/python/submit_and_watch.py " + fake_.address() + " " +
                 file_ + " proto");
  }

  FakeCoordinator fake_;
  std::string file_;
};

TEST_F(SubmitAndWatchTest, SubmitsAndWatchesUntilTheEnd) {
  AddUpdate(v1::RUNNING, false);
  AddUpdate(v1::RUNNING, false);
  AddUpdate(v1::DONE, true);
  const auto [code, output] = Run();
  EXPECT_EQ(code, 0) << output;
  EXPECT_EQ(output, "submitted p1\np1/a RUNNING \np1/a DONE \n");
  ASSERT_EQ(fake_.submitted().size(), 1u);
  EXPECT_EQ(fake_.submitted()[0].pipeline().jobs(0).name(), "a");
  EXPECT_EQ(fake_.submitted()[0].request_id().size(), 32u);
}

TEST_F(SubmitAndWatchTest, ExitsWithOneWhenAJobFailed) {
  AddUpdate(v1::FAILED, true);
  EXPECT_EQ(Run().first, 1);
}

TEST_F(SubmitAndWatchTest, ShowsWhyAPipelineWasRefused) {
  fake_.submit_status = grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "jobs[0].name: is taken");
  const auto [code, output] = Run();
  EXPECT_NE(code, 0);
  EXPECT_THAT(output, HasSubstr("jobs[0].name: is taken"));
}

}  // namespace
}  // namespace bonsai
