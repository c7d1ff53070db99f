#include "evaluator/degeneracy.h"

#include <functional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

std::vector<v1::ItemResult> Items(int count, const std::function<void(int, v1::ItemResult*)>& fill) {
  std::vector<v1::ItemResult> items(count);
  for (int i = 0; i < count; ++i) {
    items[i].set_expected(i % 2 == 0 ? "A" : "B");
    items[i].set_prompt_sha256(absl::StrCat("p", i));
    fill(i, &items[i]);
  }
  return items;
}

TEST(Degeneracy, AConstantChoiceIsFound) {
  const auto always = Items(100, [](int, v1::ItemResult* item) {
    item->add_loglikelihoods(-1);
    item->set_extracted("A");
  });
  EXPECT_EQ(FindDegeneracy(always), "answers A to 100 of 100 questions");
  const auto nearly = Items(100, [](int i, v1::ItemResult* item) {
    item->add_loglikelihoods(-1);
    item->set_extracted(i < 98 ? "A" : "B");
  });
  EXPECT_EQ(FindDegeneracy(nearly), "answers A to 98 of 100 questions");
  const auto often = Items(100, [](int i, v1::ItemResult* item) {
    item->add_loglikelihoods(-1);
    item->set_extracted(i < 97 ? "A" : "B");
  });
  EXPECT_EQ(FindDegeneracy(often), "");
}

TEST(Degeneracy, OneAnswerToQuestionsThatExpectItIsNone) {
  const auto right = Items(20, [](int, v1::ItemResult* item) {
    item->add_loglikelihoods(-1);
    item->set_expected("A");
    item->set_extracted("A");
  });
  EXPECT_EQ(FindDegeneracy(right), "");
}

TEST(Degeneracy, BlankEqualAndRepeatingOutputsAreFound) {
  EXPECT_EQ(FindDegeneracy(Items(50, [](int, v1::ItemResult* item) { item->set_response(" \n"); })),
            "gives no text to 50 of 50 questions");
  EXPECT_EQ(FindDegeneracy(Items(50, [](int, v1::ItemResult* item) { item->set_response("I do not know"); })),
            "gives the same text to 50 of 50 questions");
  EXPECT_EQ(FindDegeneracy(Items(50,
                                 [](int i, v1::ItemResult* item) {
                                   const std::string piece = absl::StrCat("no ", i, " ");
                                   for (int j = 0; j < 20; ++j) item->mutable_response()->append(piece);
                                 })),
            "repeats a short text in 50 of 50 outputs");
  EXPECT_EQ(FindDegeneracy(Items(
                50, [](int i, v1::ItemResult* item) { item->set_response(absl::StrCat("it is ", i)); })),
            "");
}

TEST(Degeneracy, AFewItemsProveNothing) {
  EXPECT_EQ(FindDegeneracy(Items(9, [](int, v1::ItemResult* item) { item->set_extracted("A"); })), "");
}

TEST(Degeneracy, RepetitionIsOfOneShortPiece) {
  EXPECT_TRUE(RepeatsItself("abababababababab"));
  EXPECT_TRUE(RepeatsItself("ababababababababa"));
  EXPECT_TRUE(RepeatsItself("xxxxxxxx"));
  EXPECT_FALSE(RepeatsItself("xxxxxxx"));
  EXPECT_FALSE(RepeatsItself("abababababababac"));
  EXPECT_FALSE(RepeatsItself(""));
}

}  // namespace
}  // namespace bonsai
