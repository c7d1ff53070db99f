#include "evaluator/loglikelihood.h"

#include "edge_runtime/model/mapped_file.h"
#include "edge_runtime/model/test_data.h"
#include "evaluator/byte_tokenizer.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using Ids = std::vector<int32_t>;

std::string Text(const Ids& ids) { return ByteTokenizer().Decode(ids); }

ScoreRequest Request(absl::string_view context, absl::string_view continuation, int32_t positions_max = 64) {
  const absl::StatusOr<ScoreRequest> request =
      ContinuationRequest(ByteTokenizer(), context, continuation, positions_max);
  EXPECT_TRUE(request.ok()) << request.status();
  return request.value_or(ScoreRequest());
}

TEST(ContinuationRequest, BeginsWithBos) {
  const ScoreRequest request = Request("ab", " c");
  EXPECT_EQ(request.context, (Ids{1, 'a' + 3, 'b' + 3}));
  EXPECT_EQ(Text(request.continuation), " c");
}

TEST(ContinuationRequest, MovesTheContextsTrailingSpaceToTheContinuation) {
  const ScoreRequest request = Request("ab \n", "c ");
  EXPECT_EQ(Text(request.context), "ab");
  EXPECT_EQ(Text(request.continuation), " \nc ");
}

TEST(ContinuationRequest, AnEmptyContextIsThePrefixToken) {
  const ScoreRequest request = Request("", "c");
  EXPECT_EQ(request.context, Ids{1});
  EXPECT_EQ(Text(request.continuation), "c");

  ByteTokenizer no_bos;
  no_bos.bos = -1;
  EXPECT_EQ(ContinuationRequest(no_bos, "", "c", 8)->context, Ids{2});
  EXPECT_EQ(Text(ContinuationRequest(no_bos, "ab", "c", 8)->context), "ab");
  no_bos.eos = -1;
  EXPECT_EQ(ContinuationRequest(no_bos, "", "c", 8).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ContinuationRequest, DropsFromTheLeftUntilTheModelCanReadTheRest) {
  // lm-evaluation-harness feeds (context + continuation)[-(max_length + 1):][:-1].
  const ScoreRequest request = Request("abcdef", "gh", 4);
  EXPECT_EQ(Text(request.context), "def");
  EXPECT_EQ(Text(request.continuation), "gh");
  EXPECT_EQ(Text(Request("abcdef", "ghij", 4).context), "f");
}

TEST(ContinuationRequest, RefusesAContinuationThatCannotBeScored) {
  EXPECT_EQ(ContinuationRequest(ByteTokenizer(), "a", "bcdef", 4).status().message(),
            "a continuation of 5 tokens; the model reads at most 4");
  EXPECT_EQ(ContinuationRequest(ByteTokenizer(), "a", "", 4).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ContinuationRequest, ScoresWhatTheWholeTextHasBeyondTheContextsTokens) {
  BONSAI_FIND_TEST_DATA(path, "models/tok_llama2/tokenizer.model");
  std::string error;
  const auto file = edge::MappedFile::Open(path, &error);
  ASSERT_NE(file, nullptr) << error;
  const auto tokenizer = edge::Tokenizer::Parse(file->bytes(), &error);
  ASSERT_NE(tokenizer, nullptr) << error;
  // "Answer:" and " A" do not merge: one token, the piece with its space.
  const absl::StatusOr<ScoreRequest> request =
      ContinuationRequest(*tokenizer, "Question: x\nAnswer:", " A", 64);
  ASSERT_TRUE(request.ok()) << request.status();
  ASSERT_EQ(request->continuation.size(), 1u);
  EXPECT_EQ(tokenizer->Piece(request->continuation[0]), "▁A");
  EXPECT_EQ(request->context[0], tokenizer->bos_id());
  // "wor" is two pieces here and "world" is one: what is beyond the context's number of tokens is scored.
  const Ids context = tokenizer->Encode("Hello wor");
  const Ids whole = tokenizer->Encode("Hello world of");
  const absl::StatusOr<ScoreRequest> split = ContinuationRequest(*tokenizer, "Hello wor", "ld of", 64);
  ASSERT_TRUE(split.ok());
  EXPECT_EQ(split->continuation, Ids(whole.begin() + context.size(), whole.end()));
}

TEST(RollingRequests, EveryTokenIsScoredOnce) {
  for (size_t size = 0; size < 30; ++size) {
    Ids tokens(size);
    for (size_t i = 0; i < size; ++i) tokens[i] = 100 + static_cast<int32_t>(i);
    Ids scored;
    for (const ScoreRequest& request : RollingRequests(tokens, 1, 7)) {
      scored.insert(scored.end(), request.continuation.begin(), request.continuation.end());
      EXPECT_LE(request.context.size() + request.continuation.size() - 1, 7u);
    }
    EXPECT_EQ(scored, tokens);
  }
}

TEST(RollingRequests, AreTheDisjointWindowsOfLmEvaluationHarness) {
  // get_rolling_token_windows(range(10, 20), prefix 1, max_seq_len 4, context_len 1), made disjoint.
  const std::vector<ScoreRequest> requests =
      RollingRequests(Ids{10, 11, 12, 13, 14, 15, 16, 17, 18, 19}, 1, 4);
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].context, Ids{1});
  EXPECT_EQ(requests[0].continuation, (Ids{10, 11, 12, 13}));
  EXPECT_EQ(requests[1].context, Ids{13});
  EXPECT_EQ(requests[1].continuation, (Ids{14, 15, 16, 17}));
  EXPECT_EQ(requests[2].context, (Ids{15, 16, 17}));
  EXPECT_EQ(requests[2].continuation, (Ids{18, 19}));
}

}  // namespace
}  // namespace bonsai
