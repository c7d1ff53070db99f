#include "worker/data/piece_merges.h"

#include <gtest/gtest.h>

#include <string>

#include "worker/data/pieces_testing.h"

namespace bonsai {
namespace {

// "abc|d": the pieces of a word; "none" if it is not encoded.
std::string SegmentForTest(const edge::Tokenizer& tokenizer, const std::string& word) {
  uint16_t ids[PieceMerges::kWordBytesMax];
  size_t count = 0;
  if (!PieceMerges(tokenizer).Encode(word, ids, &count)) return "none";
  std::string text;
  for (size_t i = 0; i < count; ++i) text += (i == 0 ? "" : "|") + std::string(tokenizer.Piece(ids[i]));
  return text;
}

TEST(PieceMerges, TakeTheBestScoreFirstAndTheLeftmostOfEquals) {
  const PiecesForTest pieces({"bc", "ab", "aa", "abc", "cd", "a", "b", "c", "d"});
  EXPECT_EQ(SegmentForTest(pieces, "abcd"), "abc|d") << "bc before ab, then abc";
  EXPECT_EQ(SegmentForTest(pieces, "abd"), "ab|d");
  EXPECT_EQ(SegmentForTest(pieces, "aaa"), "aa|a");
  EXPECT_EQ(SegmentForTest(pieces, "aaaab"), "aa|a|ab") << "ab is better than aa";
  EXPECT_EQ(SegmentForTest(pieces, "cdcd"), "cd|cd");
  EXPECT_EQ(SegmentForTest(pieces, "d"), "d");
  EXPECT_EQ(SegmentForTest(pieces, std::string(64, 'd')).size(), 127u);
}

TEST(PieceMerges, ReadASpaceAsTheSymbolForIt) {
  const PiecesForTest pieces({"\xE2\x96\x81\xC3\xA9", "\xE2\x96\x81", "\xC3\xA9"});
  EXPECT_EQ(SegmentForTest(pieces, " \xC3\xA9"), "\xE2\x96\x81\xC3\xA9");
  EXPECT_EQ(SegmentForTest(pieces, "  "), "\xE2\x96\x81|\xE2\x96\x81");
}

TEST(PieceMerges, LeaveToTheTokenizerWhatIsMoreThanMerging) {
  const PiecesForTest pieces({"ab", "a", "b", "<0x41>", "<s>"});
  EXPECT_EQ(SegmentForTest(pieces, "ax"), "none") << "x is no piece";
  EXPECT_EQ(SegmentForTest(pieces, "a\xFF"), "none") << "not UTF-8";
  EXPECT_EQ(SegmentForTest(pieces, "<"), "none") << "bytes and control pieces are no text";
  EXPECT_EQ(SegmentForTest(PiecesForTest({"ab", "a", "b"}, /*merges_only=*/false), "ab"), "none");
  EXPECT_EQ(SegmentForTest(PiecesForTest({"abc", "ab", "a", "b"}), "ab"), "none")
      << "c is in a piece, and is none";
}

}  // namespace
}  // namespace bonsai
