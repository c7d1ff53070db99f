#include "client/screen.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "gtest/gtest.h"

namespace bonsai {
namespace {

class ScreenTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"COLUMNS", "NO_COLOR", "LC_ALL", "LC_CTYPE", "LANG"}) unsetenv(name);
    setenv("TERM", "xterm", 1);
    file_ = open("/dev/null", O_WRONLY);
    // A pseudo-terminal stands in for the user's.
    terminal_ = posix_openpt(O_RDWR | O_NOCTTY);
  }
  void TearDown() override {
    close(file_);
    close(terminal_);
  }

  int file_ = -1, terminal_ = -1;
};

TEST_F(ScreenTest, TakesAFileForNoTerminalAndItsWidthFromColumns) {
  Screen screen = DetectScreen(file_);
  EXPECT_FALSE(screen.terminal);
  EXPECT_FALSE(screen.colour);
  EXPECT_EQ(screen.columns, 100u);
  setenv("COLUMNS", "132", 1);
  EXPECT_EQ(DetectScreen(file_).columns, 132u);
  setenv("COLUMNS", "3", 1);
  EXPECT_EQ(DetectScreen(file_).columns, 40u) << "no table fits into less";
  setenv("COLUMNS", "wide", 1);
  EXPECT_EQ(DetectScreen(file_).columns, 100u);
}

TEST_F(ScreenTest, DrawsBlocksOnlyWhereTheLocaleHasThem) {
  EXPECT_FALSE(DetectScreen(file_).unicode);
  setenv("LANG", "de_DE.UTF-8", 1);
  EXPECT_TRUE(DetectScreen(file_).unicode);
  setenv("LC_ALL", "C", 1);
  EXPECT_FALSE(DetectScreen(file_).unicode);
}

TEST_F(ScreenTest, ObeysNoColourAndDumbTerminals) {
  if (terminal_ < 0) GTEST_SKIP() << "skipped: this machine has no pseudo-terminals";
  EXPECT_TRUE(DetectScreen(terminal_).terminal);
  EXPECT_TRUE(DetectScreen(terminal_).colour);
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(DetectScreen(terminal_).colour);
  setenv("TERM", "dumb", 1);
  EXPECT_FALSE(DetectScreen(terminal_).terminal);
}

}  // namespace
}  // namespace bonsai
