#include "evaluator/metrics/bleu_tokens.h"

#include "absl/strings/str_join.h"
#include "gtest/gtest.h"

// The expected tokens were made by the regular expressions of the two scripts, run by Python.
namespace bonsai {
namespace {

std::string Intl(absl::string_view text) { return absl::StrJoin(IntlTokens(text), "|"); }
std::string Of13a(absl::string_view text) { return absl::StrJoin(Tokens13a(text), "|"); }

TEST(BleuTokens, IntlParts) {
  EXPECT_EQ(Intl("Hello, world!"), "Hello|,|world|!");
  EXPECT_EQ(Intl("1,000.5 is 3.14."), "1,000.5|is|3.14.");
  EXPECT_EQ(Intl("in 1999. Then"), "in|1999|.|Then");
  EXPECT_EQ(Intl("a$b + c<d"), "a|$|b|+|c|<|d");
  EXPECT_EQ(Intl("\u00bfQu\u00e9?\u3002"), "\u00bf|Qu\u00e9|?|\u3002");
  EXPECT_EQ(Intl("it's \"so\"..."), "it|'|s|\"|so|\"|.|.|.");
  EXPECT_EQ(Intl(",,,"), ",|,|,");
  EXPECT_EQ(Intl(" \u3000 "), "");
}

TEST(BleuTokens, PartsOf13a) {
  EXPECT_EQ(Of13a("Hello, world!"), "Hello|,|world|!");
  EXPECT_EQ(Of13a("1,000.5 is 3.14."), "1,000.5|is|3.14|.");
  EXPECT_EQ(Of13a("it's a 5-4 win-win"), "it's|a|5|-|4|win-win");
  EXPECT_EQ(Of13a("&quot;x&quot; &amp;lt; y"), "\"|x|\"|<|y");
  EXPECT_EQ(Of13a("two\nlines, a hy-\nphen"), "two|lines|,|a|hyphen");
  EXPECT_EQ(Of13a("caf\u00e9, \u00a35.00"), "caf\u00e9|,|\u00a35.00");
  EXPECT_EQ(Of13a("<skipped>"), "");
}

}  // namespace
}  // namespace bonsai
