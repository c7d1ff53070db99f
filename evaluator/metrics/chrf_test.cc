#include "evaluator/metrics/chrf.h"

#include <vector>

#include "gtest/gtest.h"

namespace bonsai {
namespace {

// Printed by sacrebleu's CHRF().corpus_score.
TEST(Chrf, AgreesWithSacrebleu) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> segments = {
      {"The cat sat.", {"The cat sits.", "A cat sat!"}},
      {"a b", {"x y", "a  b"}},
      {"\u65e5\u672c\u8a9e\u3067\u3059", {"\u65e5\u672c\u306e\u8a00\u8449", "\u65e5\u672c\u8a9e\u3060"}}};
  ChrfCounts counts;
  for (const auto& [hypothesis, references] : segments) counts += CountChrf(hypothesis, references);
  EXPECT_EQ(ChrfScore(counts), 53.900917183190735);
  const std::vector<std::string> longer = {"a much longer reference text"};
  EXPECT_EQ(ChrfScore(CountChrf("short", longer)), 3.9603960396039604);
  const std::vector<std::string> letters = {"abcdefgh"};
  EXPECT_EQ(ChrfScore(CountChrf("ab", letters)), 23.404255319148938);
}

TEST(Chrf, NothingSharedScoresNothing) {
  const std::vector<std::string> reference = {"xyz"};
  EXPECT_EQ(ChrfScore(CountChrf("abc", reference)), 0);
  EXPECT_EQ(ChrfScore(CountChrf("", reference)), 0);
  EXPECT_DOUBLE_EQ(ChrfScore(CountChrf("xyz", reference)), 100);
}

}  // namespace
}  // namespace bonsai
