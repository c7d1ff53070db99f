#include "worker/data/piece_boundaries.h"

#include <gtest/gtest.h>

#include <string>

#include "worker/data/pieces_testing.h"

namespace bonsai {
namespace {

std::string CutForTest(const PieceBoundaries& boundaries, const std::string& text) {
  std::string cut;
  for (size_t at = 0; at < text.size();) {
    const size_t size = boundaries.First(text.data() + at, text.size() - at);
    cut += (at == 0 ? "" : "|") + text.substr(at, size);
    at += size;
  }
  return cut;
}

TEST(PieceBoundaries, AreWhereNoPieceHasBothBytesSideBySide) {
  const PieceBoundaries boundaries(PiecesForTest({"a", "b", "c", "ab", "bc",
                                                  "\xE2\x96\x81"
                                                  "a",
                                                  "\n", "<s>", "<0x41>"}));
  EXPECT_EQ(CutForTest(boundaries, " abc b"), " abc| |b");
  EXPECT_EQ(CutForTest(boundaries, "aab\n\n cb"), "a|ab|\n|\n| |c|b");
  EXPECT_EQ(CutForTest(boundaries, "<s>0x"), "<|s|>|0|x") << "text never merges into control and byte pieces";
  EXPECT_TRUE(boundaries.Alone('\n'));
  EXPECT_TRUE(boundaries.Alone('c') == false && boundaries.Alone(' ') == false);
}

TEST(PieceBoundaries, LeaveCharactersWhole) {
  const PieceBoundaries boundaries(PiecesForTest({"\xC3\xA9", "\xE7\x9B\x86\xE6\xA0\xBD"}));
  EXPECT_EQ(CutForTest(boundaries, "\xC3\xA9\xC3\xA9"), "\xC3\xA9|\xC3\xA9");
  EXPECT_EQ(CutForTest(boundaries, "\xE7\x9B\x86\xE6\xA0\xBDx"), "\xE7\x9B\x86\xE6\xA0\xBD|x");
}

TEST(PieceBoundaries, ReckonWithBytesThatAreNotUtf8WhereAPieceHoldsWhatStandsForThem) {
  const PieceBoundaries plain(PiecesForTest({"a", "\xEF\xBF\xBD"}));
  EXPECT_EQ(CutForTest(plain, "a\xFF\xFE"), "a|\xFF|\xFE");
  const PieceBoundaries joining(PiecesForTest({"a", "\xEF\xBF\xBD\xEF\xBF\xBD", "a\xEF\xBF\xBD"}));
  EXPECT_EQ(CutForTest(joining, "a\xFF\xFE"), "a\xFF\xFE");
  EXPECT_EQ(CutForTest(joining,
                       "\xFF"
                       "a"),
            "\xFF|a");
}

}  // namespace
}  // namespace bonsai
