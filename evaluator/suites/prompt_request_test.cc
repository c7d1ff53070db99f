#include "evaluator/suites/prompt_request.h"

#include "evaluator/byte_tokenizer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int32_t kBos = 1, kEos = 2;
constexpr int32_t Id(char c) { return c + 3; }

TEST(PromptRequest, APerplexityCountsTheFirstTokenAndScoresTheOthers) {
  const auto request = WholeTextRequest(ByteTokenizer(), "abc", 100);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_THAT(request->context, ElementsAre(kBos));
  EXPECT_THAT(request->continuation, ElementsAre(Id('a'), Id('b'), Id('c')));
  EXPECT_DOUBLE_EQ(MeanCrossEntropy(*request, {.loglikelihood = -6}), 1.5);
}

TEST(PromptRequest, ATextThatIsTooLongLosesItsEnd) {
  const auto request = WholeTextRequest(ByteTokenizer(), "abcdef", 3);
  EXPECT_THAT(request->continuation, ElementsAre(Id('a'), Id('b')));
  ByteTokenizer without_bos;
  without_bos.bos = -1;
  EXPECT_FALSE(WholeTextRequest(without_bos, "a", 3).ok());
}

TEST(PromptRequest, AnAnswerByItselfIsReadButForItsFirstTokenScored) {
  const auto request = AnswerAloneRequest(ByteTokenizer(), "Q", "xy", 100);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_THAT(request->context, ElementsAre(kBos, Id('Q'), Id('x')));
  EXPECT_THAT(request->continuation, ElementsAre(Id('y'), kEos));
  EXPECT_THAT(AnswerAloneRequest(ByteTokenizer(), "Q", "x", 100)->continuation, ElementsAre(kEos));
}

TEST(PromptRequest, AnAnswerByItselfNeedsEosAndRoom) {
  ByteTokenizer without_eos;
  without_eos.eos = -1;
  EXPECT_THAT(AnswerAloneRequest(without_eos, "Q", "x", 9).status().message(), HasSubstr("no EOS"));
  EXPECT_THAT(AnswerAloneRequest(ByteTokenizer(), "Q", "", 9).status().message(),
              HasSubstr("without a token"));
  EXPECT_THAT(AnswerAloneRequest(ByteTokenizer(), "Q", "abcdef", 3).status().message(),
              HasSubstr("at most 3"));
  EXPECT_THAT(AnswerAloneRequest(ByteTokenizer(), "QQQ", "xyz", 4)->context, ElementsAre(Id('Q'), Id('x')));
}

TEST(PromptRequest, APromptLeavesRoomForWhatIsGenerated) {
  v1::Suite suite;
  suite.set_tokens_max(4);
  suite.add_stops("\n");
  bool cut = true;
  auto request = PromptRequest(ByteTokenizer(), "abc", suite, 10, &cut);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_THAT(request->context, ElementsAre(kBos, Id('a'), Id('b'), Id('c')));
  EXPECT_THAT(request->stops, ElementsAre("\n"));
  EXPECT_EQ(request->tokens_max, 4);
  EXPECT_FALSE(cut);

  request = PromptRequest(ByteTokenizer(), "abcdefghij", suite, 10, &cut);
  EXPECT_THAT(request->context, ElementsAre(Id('e'), Id('f'), Id('g'), Id('h'), Id('i'), Id('j')));
  EXPECT_TRUE(cut);
  suite.set_truncation(v1::Suite::MIDDLE);
  request = PromptRequest(ByteTokenizer(), "abcdefghij", suite, 10, &cut);
  EXPECT_THAT(request->context, ElementsAre(kBos, Id('a'), Id('b'), Id('h'), Id('i'), Id('j')));
  // More is to be generated than the model reads: half of it is the prompt's.
  suite.set_tokens_max(1000);
  suite.set_truncation(v1::Suite::LEFT);
  request = PromptRequest(ByteTokenizer(), "abcdefghij", suite, 4, &cut);
  EXPECT_THAT(request->context, ElementsAre(Id('i'), Id('j')));
}

}  // namespace
}  // namespace bonsai
