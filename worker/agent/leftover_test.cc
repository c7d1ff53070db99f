#include "worker/agent/leftover.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "worker/agent/rank_folder.h"

namespace bonsai {
namespace {

class LeftoverTest : public testing::Test {
 protected:
  LeftoverTest() {
    if (mkdtemp(dir_.data()) == nullptr) std::abort();
    folder_ = *FolderOf(dir_, {"p1/a", 1, 0});
    if (!MakeFresh(folder_).ok()) std::abort();
  }
  ~LeftoverTest() override {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
  }

  // A process that waits for ever, in a group of its own; `mark` names the rank in its environment.
  void StartChild(bool mark) {
    int ready[2];
    ASSERT_EQ(pipe2(ready, O_CLOEXEC), 0);
    std::string variable = mark ? absl::StrCat(kRankFolderVariable, "=", folder_.root) : "OTHER=1";
    child_ = fork();
    if (child_ == 0) {
      setpgid(0, 0);
      char* argv[] = {const_cast<char*>("sleep"), const_cast<char*>("600"), nullptr};
      char* envp[] = {variable.data(), nullptr};
      execve("/bin/sleep", argv, envp);
      _exit(1);
    }
    close(ready[1]);
    // The pipe closes when the child has become the program.
    char byte;
    EXPECT_EQ(read(ready[0], &byte, 1), 0);
    close(ready[0]);
  }
  void WritePidFile(uint64_t start_ticks) {
    std::ofstream(folder_.pid_file) << child_ << " " << start_ticks << "\n";
  }
  // Whether the child has been killed.
  bool ChildEnded() { return waitpid(child_, nullptr, WNOHANG) == child_ && (child_ = 0, true); }

  std::string dir_ = testing::TempDir() + "/leftover-XXXXXX";
  RankFolder folder_;
  pid_t child_ = 0;
};

TEST_F(LeftoverTest, KillsTheProcessOfThePidFileAndRemovesTheFolder) {
  StartChild(false);
  WritePidFile(*ProcessStartTicks(child_));
  EXPECT_EQ(RemoveLeftovers(dir_), 1u);
  EXPECT_TRUE(ChildEnded());
  EXPECT_FALSE(std::filesystem::exists(folder_.root));
}

TEST_F(LeftoverTest, SparesAProcessThatWasGivenTheSameIdLater) {
  StartChild(false);
  WritePidFile(*ProcessStartTicks(child_) - 1);
  EXPECT_EQ(RemoveLeftovers(dir_), 1u);
  EXPECT_FALSE(ChildEnded());
  EXPECT_FALSE(std::filesystem::exists(folder_.root));
}

TEST_F(LeftoverTest, KillsWhatSaysThatItBelongsToTheRank) {
  StartChild(true);
  EXPECT_EQ(RemoveLeftovers(dir_), 1u);
  EXPECT_TRUE(ChildEnded());
}

TEST_F(LeftoverTest, APidFileThatIsNoneHarmsNobody) {
  for (const char* text : {"", "1 1", "-1 5", "0 0", "x y z", "99999999999999999999 1"}) {
    ASSERT_TRUE(MakeFresh(folder_).ok());
    std::ofstream(folder_.pid_file) << text;
    EXPECT_EQ(RemoveLeftovers(dir_), 1u) << text;
  }
}

TEST_F(LeftoverTest, AFolderThatIsNotThereHasNoLeftovers) { EXPECT_EQ(RemoveLeftovers(dir_ + "/none"), 0u); }

TEST(ProcessStartTicksTest, AProcessThatIsGoneHasNone) {
  pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(absl::IsNotFound(ProcessStartTicks(child).status()));
  EXPECT_GT(*ProcessStartTicks(getpid()), 0u);
}

TEST(RankFolderTest, NamesAreUniqueAndStayBelowTheWorkDir) {
  EXPECT_EQ(FolderOf("/w", {"p1/pre-train", 2, 3})->root, "/w/ranks/p1.pre-train-2-3");
  for (const char* id : {"", "/", "a/", "/a", "..", "a/../b", "a//b", "a.b", "a b", "a\n"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(FolderOf("/w", {id, 1, 0}).status())) << id;
  }
  EXPECT_FALSE(FolderOf("/w", {std::string(201, 'a'), 1, 0}).ok());
}

}  // namespace
}  // namespace bonsai
