#include "evaluator/metrics/unicode_text.h"

#include "gtest/gtest.h"

namespace bonsai {
namespace {

TEST(UnicodeText, GoesToCodePointsAndBack) {
  EXPECT_EQ(DecodeUtf8("a\u00e9\u6f22\U0001f600"), U"a\u00e9\u6f22\U0001f600");
  EXPECT_EQ(EncodeUtf8(U"a\u00e9\u6f22\U0001f600"), "a\u00e9\u6f22\U0001f600");
  EXPECT_EQ(DecodeUtf8(""), U"");
}

// As b"...".decode("utf-8", "replace") in CPython 3.11.
TEST(UnicodeText, MalformedPartsBecomeOneReplacementEach) {
  EXPECT_EQ(DecodeUtf8("a\x80z"), U"a\ufffdz");
  EXPECT_EQ(DecodeUtf8("\xe6\xbc"), U"\ufffd");
  EXPECT_EQ(DecodeUtf8("\xe6\xbcz"), U"\ufffdz");
  EXPECT_EQ(DecodeUtf8("\xc0\xaf"), U"\ufffd\ufffd");
  EXPECT_EQ(DecodeUtf8("\xed\xa0\x80"), U"\ufffd\ufffd\ufffd");
}

TEST(UnicodeText, CategoriesAreUnicodes) {
  for (char32_t c : U"!,-_\u3002\u00bf\u201c") EXPECT_TRUE(c == 0 || IsPunctuation(c)) << uint32_t{c};
  for (char32_t c : U"$+<=>^`|~\u00a3\u20ac\ufffd") EXPECT_TRUE(c == 0 || IsSymbol(c)) << uint32_t{c};
  for (char32_t c : U"a\u00e9\u6f22\u30ab") EXPECT_TRUE(c == 0 || IsLetter(c)) << uint32_t{c};
  for (char32_t c : U"7\u0663\u2460\u00bd\u216b") EXPECT_TRUE(c == 0 || IsNumber(c)) << uint32_t{c};
  EXPECT_TRUE(IsDecimalDigit(U'\u0663'));
  EXPECT_FALSE(IsDecimalDigit(U'\u2460'));
  EXPECT_FALSE(IsPunctuation(U'$'));
  EXPECT_FALSE(IsSymbol(U'-'));
  EXPECT_TRUE(IsWordCharacter(U'_'));
  EXPECT_FALSE(IsWordCharacter(U'\u0301'));  // a combining accent
  EXPECT_FALSE(IsLetter(U'\U0010ffff'));
}

TEST(UnicodeText, ScriptsWithoutSpacesAreTold) {
  for (char32_t c : U"\u6f22\u3042\u30ab\u3105") EXPECT_TRUE(c == 0 || IsUnspacedScript(c)) << uint32_t{c};
  for (char32_t c : U"a1\u0e01\uac00\u3002") EXPECT_FALSE(c != 0 && IsUnspacedScript(c)) << uint32_t{c};
}

TEST(UnicodeText, AsciiPunctuationIsPythons) {
  int count = 0;
  for (char32_t c = 0; c < 0x300; ++c) count += IsAsciiPunctuation(c);
  EXPECT_EQ(count, 32);
  EXPECT_TRUE(IsAsciiPunctuation(U'$'));
}

// Printed by CPython's str.lower.
TEST(UnicodeText, LowersAsPythonDoes) {
  EXPECT_EQ(LowerCase("AbC \u00c9"), "abc \u00e9");
  EXPECT_EQ(LowerCase("\u0130"), "i\u0307");
  EXPECT_EQ(LowerCase("\u212a"), "k");
  EXPECT_EQ(LowerCase("\u039f\u0394\u039f\u03a3"), "\u03bf\u03b4\u03bf\u03c2");
  EXPECT_EQ(LowerCase("\u03a3"), "\u03c3");
}

}  // namespace
}  // namespace bonsai
