#include "client/text_table.h"

#include "gtest/gtest.h"

namespace bonsai {
namespace {

TEST(TextTableTest, LinesUpColumns) {
  EXPECT_EQ(RenderTable({{"NAME"}, {"SIZE", true}, {"NOTE"}}, {{"a", "1", "x"}, {"long", "1000", ""}}, 0, 80),
            "NAME  SIZE  NOTE\n"
            "a        1  x\n"
            "long  1000\n");
}

TEST(TextTableTest, WrapsTheLastColumnIntoTheWidth) {
  EXPECT_EQ(RenderTable({{"A"}, {"WHY"}}, {{"x", "one two three four five six"}}, 2, 24),
            "  A  WHY\n"
            "  x  one two three four\n"
            "     five six\n");
}

TEST(TextTableTest, NeverPrintsWhatATerminalObeys) {
  EXPECT_EQ(RenderTable({{"A"}}, {{"x\x1b[2Jy"}}, 0, 80), "A\nx?[2Jy\n");
}

}  // namespace
}  // namespace bonsai
