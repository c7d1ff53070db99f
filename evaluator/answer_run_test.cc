#include "evaluator/answer_run.h"

#include "evaluator/byte_tokenizer.h"
#include "evaluator/fake_language_model.h"
#include "evaluator/request_digest.h"
#include "gtest/gtest.h"
#include "runner/fake_runner_context.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

absl::Status Ignore(uint64_t) { return absl::OkStatus(); }

class AnswerRunTest : public testing::Test {
 protected:
  AnswerRunTest() {
    for (int32_t i = 0; i < 20; ++i) scores_.push_back({{1, 2, i}, {i % 3, 5}});
    for (int32_t i = 0; i < 5; ++i) generations_.push_back({{1, 2, i}, {}, 4});
    std::vector<ModelRequest> requests;
    for (const ScoreRequest& score : scores_) requests.push_back({.score = &score});
    for (const GenerateRequest& generate : generations_) requests.push_back({.generate = &generate});
    plan_ = std::make_unique<RequestPlan>(requests);
    for (size_t i = 0; i < plan_->size(); ++i) digests_.push_back(RequestDigest(plan_->entry(i)));
  }

  AnswerRange Whole() const { return {*plan_, digests_, 0, plan_->size()}; }

  static FakeLanguageModel Model() {
    return FakeLanguageModel(ByteTokenizer().vocab_size(), 64, [](std::span<const int32_t> tokens) {
      std::vector<float> logits(ByteTokenizer().vocab_size(), 0.0f);
      logits[(tokens.back() * 7 + tokens.size()) % 200 + 20] = 2.0f;
      return logits;
    });
  }

  std::string Bytes(const AnswerStore& store) const {
    std::string bytes;
    for (const std::string& digest : digests_) {
      const v1::Answer* answer = store.Find(digest);
      bytes += answer == nullptr ? "none" : answer->SerializeAsString();
    }
    return bytes;
  }

  const ByteTokenizer tokenizer_;
  std::vector<ScoreRequest> scores_;
  std::vector<GenerateRequest> generations_;
  std::unique_ptr<RequestPlan> plan_;
  std::vector<std::string> digests_;
};

TEST_F(AnswerRunTest, BatchesChangeNoAnswerAndEachIsStored) {
  std::string expected;
  for (const uint32_t batch : {1u, 7u, 0u}) {
    const auto context = FakeRunnerContext::Create(testing::TempDir());
    FakeLanguageModel model = Model();
    AnswerStore store(*context, "model");
    const absl::Status status = AnswerAll(Whole(), batch, tokenizer_, model, store, Ignore);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(store.size(), 25u);
    EXPECT_EQ(context->checkpoints().size(), batch == 1 ? 25u : batch == 7 ? 4u : 1u);
    if (expected.empty()) expected = Bytes(store);
    EXPECT_EQ(Bytes(store), expected) << batch;
  }
}

TEST_F(AnswerRunTest, ARestartAsksOnlyWhatHasNoAnswer) {
  const auto first = FakeRunnerContext::Create(testing::TempDir());
  FakeLanguageModel model = Model();
  AnswerStore whole(*first, "model");
  ASSERT_TRUE(AnswerAll(Whole(), 4, tokenizer_, model, whole, Ignore).ok());
  const auto checkpoints = first->checkpoints();
  ASSERT_GT(checkpoints.size(), 3u);
  for (const v1::CheckpointWritten& checkpoint : checkpoints) {
    const auto again = FakeRunnerContext::Create(testing::TempDir(), first->task().storage_dir());
    again->AddResume(std::string(64, '0'), 9);  // one that is not there
    again->AddResume(checkpoint.manifest_id(), checkpoint.step());
    FakeLanguageModel other = Model();
    AnswerStore store(*again, "model");
    store.Resume();
    EXPECT_EQ(store.size(), checkpoint.step());
    uint64_t first_progress = 0, calls = 0;
    const absl::Status status = AnswerAll(Whole(), 4, tokenizer_, other, store, [&](uint64_t done) {
      if (calls++ == 0) first_progress = done;
      return absl::OkStatus();
    });
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(first_progress, checkpoint.step());
    EXPECT_EQ(calls, 1 + 25 - checkpoint.step());
    EXPECT_EQ(Bytes(store), Bytes(whole));
  }
}

TEST_F(AnswerRunTest, AManifestNamesFewFiles) {
  const auto context = FakeRunnerContext::Create(testing::TempDir());
  FakeLanguageModel model = Model();
  AnswerStore store(*context, "model");
  ASSERT_TRUE(AnswerAll(Whole(), 1, tokenizer_, model, store, Ignore).ok());
  for (const v1::CheckpointWritten& checkpoint : context->checkpoints()) {
    const auto manifest = GetManifest(context->blobs(), checkpoint.manifest_id());
    ASSERT_TRUE(manifest.ok()) << manifest.status();
    EXPECT_LE(manifest->files_size(), 5);  // the digits of 25 in base 2
  }
}

TEST_F(AnswerRunTest, AnotherModelsAnswersAreNotTaken) {
  const auto first = FakeRunnerContext::Create(testing::TempDir());
  FakeLanguageModel model = Model();
  AnswerStore whole(*first, "model");
  ASSERT_TRUE(AnswerAll(Whole(), 0, tokenizer_, model, whole, Ignore).ok());
  const v1::CheckpointWritten checkpoint = first->checkpoints().back();
  for (const bool other_code : {false, true}) {
    const auto again = FakeRunnerContext::Create(testing::TempDir(), first->task().storage_dir());
    again->AddResume(checkpoint.manifest_id(), checkpoint.step());
    if (other_code) again->mutable_task().set_code_version("newer");
    AnswerStore store(*again, other_code ? "model" : "another model");
    store.Resume();
    EXPECT_EQ(store.size(), 0u);
  }
}

TEST_F(AnswerRunTest, APartIsItsRangeAlone) {
  const auto context = FakeRunnerContext::Create(testing::TempDir());
  FakeLanguageModel model = Model();
  AnswerStore store(*context, "model");
  AnswerRange range = Whole();
  range.begin = 3;
  range.end = 9;
  ASSERT_TRUE(AnswerAll(range, 0, tokenizer_, model, store, Ignore).ok());
  EXPECT_EQ(store.size(), 6u);
  ASSERT_TRUE(store.PublishPart(std::span(digests_).subspan(3, 6)).ok());
  EXPECT_EQ(context->Output()->kind(), "answers");

  const auto judge = FakeRunnerContext::Create(testing::TempDir(), context->task().storage_dir());
  judge->mutable_task().mutable_spec()->mutable_evaluate()->add_answers("@part");
  judge->AddInputId("evaluate.answers[0]", context->output_id());
  AnswerStore joined(*judge, "model");
  ASSERT_TRUE(joined.AddParts().ok());
  EXPECT_EQ(Bytes(joined), Bytes(store));
  AnswerStore wrong(*judge, "another model");
  EXPECT_EQ(wrong.AddParts().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace bonsai
