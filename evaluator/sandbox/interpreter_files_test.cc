#include "evaluator/sandbox/interpreter_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace bonsai {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

TEST(InterpreterFiles, NamesTheInterpreterItsLibraryAndTheSharedLibrariesThatAreThere) {
  if (access("/usr/bin/python3", X_OK) != 0) GTEST_SKIP() << "skipped: no /usr/bin/python3";
  const auto files = FindInterpreterFiles("/usr/bin/python3");
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(access(files->program.c_str(), X_OK), 0) << files->program;
  EXPECT_THAT(files->paths, Contains(files->program));
  EXPECT_THAT(files->paths, Contains(HasSubstr("/libc.so.6")));
  for (const std::string& path : files->paths) {
    EXPECT_EQ(access(path.c_str(), R_OK), 0) << path;
    EXPECT_NE(path, "/usr");
    EXPECT_NE(path, "/usr/lib");
  }
}

TEST(InterpreterFiles, SaysWhichInterpreterDoesNotRun) {
  const auto none = FindInterpreterFiles("/usr/bin/no-such-python");
  ASSERT_EQ(none.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(none.status().message(), HasSubstr("/usr/bin/no-such-python"));
  EXPECT_EQ(FindInterpreterFiles("/bin/true").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(FindInterpreterFiles("/bin/false").status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace bonsai
