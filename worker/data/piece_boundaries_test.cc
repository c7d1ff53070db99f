#include "worker/data/piece_boundaries.h"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bonsai {
namespace {

constexpr char kSpaceSymbol[] = "\xE2\x96\x81";

// Only its pieces matter here. Those like "<0x41>" are bytes, those like "<s>" control pieces.
class Pieces final : public edge::Tokenizer {
 public:
  explicit Pieces(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  int32_t vocab_size() const override { return static_cast<int32_t>(pieces_.size()); }
  int32_t bos_id() const override { return -1; }
  int32_t eos_id() const override { return -1; }
  int32_t unk_id() const override { return 0; }
  std::vector<int32_t> Encode(std::string_view) const override { return {}; }
  std::string Decode(std::span<const int32_t>) const override { return ""; }
  std::string DecodePiece(int32_t id, int32_t) const override {
    const std::string piece(Piece(id));
    return piece == "<s>" ? "" : piece.starts_with("<0x") ? "A" : piece;
  }
  std::string_view Piece(int32_t id) const override { return pieces_[static_cast<size_t>(id)]; }
  float Score(int32_t) const override { return 0; }

 private:
  const std::vector<std::string> pieces_;
};

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
  const PieceBoundaries boundaries(
      Pieces({"a", "b", "c", "ab", "bc", std::string(kSpaceSymbol) + "a", "\n", "<s>", "<0x41>"}));
  EXPECT_EQ(CutForTest(boundaries, " abc b"), " abc| |b");
  EXPECT_EQ(CutForTest(boundaries, "aab\n\n cb"), "a|ab|\n|\n| |c|b");
  EXPECT_EQ(CutForTest(boundaries, "<s>0x"), "<|s|>|0|x") << "text never merges into control and byte pieces";
  EXPECT_TRUE(boundaries.Alone('\n'));
  EXPECT_TRUE(boundaries.Alone('c') == false && boundaries.Alone(' ') == false);
}

TEST(PieceBoundaries, LeaveCharactersWhole) {
  const PieceBoundaries boundaries(Pieces({"\xC3\xA9", "\xE7\x9B\x86\xE6\xA0\xBD"}));
  EXPECT_EQ(CutForTest(boundaries, "\xC3\xA9\xC3\xA9"), "\xC3\xA9|\xC3\xA9");
  EXPECT_EQ(CutForTest(boundaries, "\xE7\x9B\x86\xE6\xA0\xBDx"), "\xE7\x9B\x86\xE6\xA0\xBD|x");
}

TEST(PieceBoundaries, ReckonWithBytesThatAreNotUtf8WhereAPieceHoldsWhatStandsForThem) {
  const PieceBoundaries plain(Pieces({"a", "\xEF\xBF\xBD"}));
  EXPECT_EQ(CutForTest(plain, "a\xFF\xFE"), "a|\xFF|\xFE");
  const PieceBoundaries joining(Pieces({"a", "\xEF\xBF\xBD\xEF\xBF\xBD", "a\xEF\xBF\xBD"}));
  EXPECT_EQ(CutForTest(joining, "a\xFF\xFE"), "a\xFF\xFE");
  EXPECT_EQ(CutForTest(joining,
                       "\xFF"
                       "a"),
            "\xFF|a");
}

}  // namespace
}  // namespace bonsai
