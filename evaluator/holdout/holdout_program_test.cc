// bonsai-holdout as its user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "runner/child_process.h"
#include "storage/file_bytes.h"
#include "storage/sealed_file.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Path(const std::string& name) { return testing::TempDir() + "/program-" + name; }

// Its exit code; what it says lies in Path("err").
int ExitCodeOf(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "evaluator/holdout/bonsai-holdout");
  const auto exit = RunChild({.argv = arguments,
                              .work_dir = "",
                              .stdout_path = Path("out"),
                              .stderr_path = Path("err"),
                              .environment = {},
                              .timeout = absl::Minutes(1),
                              .stop = nullptr});
  EXPECT_TRUE(exit.ok()) << exit.status();
  return exit.ok() ? exit->exit_code : -1;
}

std::string Errors() { return *ReadFileBytes(Path("err"), 1 << 20); }

TEST(HoldoutProgram, MakesAKeyAndSealsQuestionsThatOnlyTheKeyOpens) {
  for (const char* name : {"key", "sealed", "questions"}) unlink(Path(name).c_str());
  ASSERT_EQ(ExitCodeOf({"keygen", Path("key")}), 0) << Errors();
  struct stat found = {};
  ASSERT_EQ(stat(Path("key").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
  const std::string plain = "{\"question\": \"treasure\"}\n";
  std::ofstream(Path("questions")) << plain;
  ASSERT_EQ(ExitCodeOf({"seal", "--key", Path("key"), Path("questions"), Path("sealed")}), 0) << Errors();
  const std::string sealed = *ReadFileBytes(Path("sealed"), 1 << 20);
  EXPECT_THAT(sealed, Not(HasSubstr("treasure")));
  EXPECT_EQ(*Unseal(sealed, *ReadKeyFile(Path("key"))), plain);
  // Neither a key nor what was sealed is written over.
  EXPECT_EQ(ExitCodeOf({"keygen", Path("key")}), 1);
  EXPECT_EQ(ExitCodeOf({"seal", "--key", Path("key"), Path("questions"), Path("sealed")}), 1);
  chmod(Path("key").c_str(), 0644);
  EXPECT_EQ(ExitCodeOf({"seal", "--key", Path("key"), Path("questions"), Path("other")}), 1);
  EXPECT_THAT(Errors(), HasSubstr("chmod 600"));
}

TEST(HoldoutProgram, SaysWhatIsWrongWithQuestionsWithoutShowingThem) {
  for (const char* name : {"key2", "wrong", "sealed2"}) unlink(Path(name).c_str());
  ASSERT_EQ(ExitCodeOf({"keygen", Path("key2")}), 0) << Errors();
  std::ofstream(Path("wrong")) << "{\"question\": 1}\ntreasure\n";
  EXPECT_EQ(ExitCodeOf({"seal", "--key", Path("key2"), Path("wrong"), Path("sealed2")}), 1);
  EXPECT_THAT(Errors(), HasSubstr("line 2"));
  EXPECT_THAT(Errors(), Not(HasSubstr("treasure")));
  EXPECT_EQ(ExitCodeOf({"seal", Path("wrong"), Path("sealed2")}), 2);
  EXPECT_EQ(ExitCodeOf({}), 2);
}

}  // namespace
}  // namespace bonsai
