#include "runner/store_runner_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "runner/fake_runner_context.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

class StoreRunnerContextTest : public testing::Test {
 protected:
  StoreRunnerContextTest() {
    context_->mutable_task().mutable_spec()->set_name("tokenizer");
    context_->mutable_task().mutable_spec()->mutable_tokenizer()->set_vocab_size(512);
  }

  // Flips a byte of the file of an input.
  void Damage(const InputArtifact& input, const std::string& path, const std::string& bytes) {
    std::string blob = *context_->blobs().LocalPath(FindFile(input.manifest, path)->blob());
    ASSERT_EQ(chmod(blob.c_str(), 0644), 0);
    std::ofstream(blob, std::ios::trunc) << bytes;
  }

  std::unique_ptr<FakeRunnerContext> context_ = FakeRunnerContext::Create(testing::TempDir());
};

TEST_F(StoreRunnerContextTest, ReadsAnInputByItsField) {
  std::string id =
      context_->AddInput("tokenizer.corpus", "corpus", {{"a.txt", "hello"}}, {{"documents", "1"}});
  auto input = context_->Input("tokenizer.corpus");
  ASSERT_TRUE(input.ok()) << input.status();
  EXPECT_EQ(input->id, id);
  EXPECT_EQ(FindProperty(input->manifest, "documents"), "1");
  auto path = context_->InputPath(*input, "a.txt");
  ASSERT_TRUE(path.ok()) << path.status();
  std::string bytes;
  std::getline(std::ifstream(*path), bytes);
  EXPECT_EQ(bytes, "hello");
}

TEST_F(StoreRunnerContextTest, SaysWhichInputIsMissing) {
  absl::Status status = context_->Input("tokenizer.corpus").status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("tokenizer.corpus is not set"));
  context_->AddInputId("tokenizer.corpus", std::string(64, 'a'));
  status = context_->Input("tokenizer.corpus").status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("tokenizer.corpus (artifact aaaaaaaaaaaa)"));
}

TEST_F(StoreRunnerContextTest, RefusesAnInputOfTheWrongKind) {
  context_->AddInput("tokenizer.corpus", "model", {});
  context_->mutable_task().mutable_inputs(0)->set_kinds("corpus|tokens");
  EXPECT_THAT(std::string(context_->Input("tokenizer.corpus").status().message()),
              HasSubstr("its kind is model: want corpus|tokens"));
  context_->mutable_task().mutable_inputs(0)->set_kinds("corpus|model");
  EXPECT_TRUE(context_->Input("tokenizer.corpus").ok());
}

TEST_F(StoreRunnerContextTest, ATruncatedInputIsRefusedAndAFlippedOneIsDataLoss) {
  context_->AddInput("tokenizer.corpus", "corpus", {{"a.txt", "hello"}});
  auto input = context_->Input("tokenizer.corpus");
  Damage(*input, "a.txt", "hullo");
  absl::Status status = context_->InputPath(*input, "a.txt").status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("a.txt"));
  Damage(*input, "a.txt", "hell");
  EXPECT_TRUE(absl::IsFailedPrecondition(context_->Input("tokenizer.corpus").status()));
  EXPECT_TRUE(absl::IsNotFound(context_->InputPath(*input, "b.txt").status()));
}

TEST_F(StoreRunnerContextTest, AnOutputCarriesItsLineage) {
  std::string corpus = context_->AddInput("tokenizer.corpus", "corpus", {{"a.txt", "hello"}});
  v1::Manifest manifest;
  manifest.set_kind("tokenizer");
  manifest.mutable_lineage()->add_sources()->set_dataset("c4");
  ASSERT_TRUE(AddBytes(*context_, "model", "tokenizer.model", manifest).ok());
  auto id = context_->PublishOutput(manifest);
  ASSERT_TRUE(id.ok()) << id.status();
  EXPECT_EQ(*context_->OutputFile("tokenizer.model"), "model");
  v1::Lineage lineage = context_->Output()->lineage();
  EXPECT_EQ(lineage.job_id(), "p1/job");
  EXPECT_EQ(lineage.attempt(), 1u);
  EXPECT_EQ(lineage.job_kind(), "tokenizer");
  EXPECT_THAT(lineage.spec(), HasSubstr("vocab_size: 512"));
  EXPECT_EQ(lineage.inputs(0).field(), "tokenizer.corpus");
  EXPECT_EQ(lineage.inputs(0).artifact_id(), corpus);
  EXPECT_EQ(lineage.sources(0).dataset(), "c4");
  EXPECT_EQ(lineage.code_version(), "test");
  EXPECT_EQ(TraceLineage(context_->blobs(), *id)->at(0).id, corpus);
}

TEST_F(StoreRunnerContextTest, AnOutputIsPublishedOnceAndByRankZero) {
  v1::Manifest manifest;
  manifest.set_kind("tokenizer");
  ASSERT_TRUE(context_->PublishOutput(manifest).ok());
  EXPECT_TRUE(absl::IsInternal(context_->PublishOutput(manifest).status()));
  auto other = FakeRunnerContext::Create(testing::TempDir());
  other->mutable_task().set_ranks(2);
  other->mutable_task().set_rank(1);
  EXPECT_TRUE(absl::IsInternal(other->PublishOutput(manifest).status()));
}

TEST_F(StoreRunnerContextTest, CheckpointsAreReportedWithRisingSteps) {
  v1::Manifest manifest;
  manifest.set_kind("checkpoint");
  ASSERT_TRUE(context_->PublishCheckpoint(manifest, 0).ok());
  auto id = context_->PublishCheckpoint(manifest, 5);
  ASSERT_TRUE(id.ok());
  EXPECT_TRUE(absl::IsInternal(context_->PublishCheckpoint(manifest, 5).status()));
  ASSERT_EQ(context_->checkpoints().size(), 2u);
  EXPECT_EQ(context_->checkpoints()[1].manifest_id(), *id);
  EXPECT_EQ(context_->checkpoints()[1].step(), 5u);
}

TEST_F(StoreRunnerContextTest, TheFakeStopsAtTheStepThatATestNames) {
  context_->RequestStopAtStep(3);
  RunnerContext& context = *context_;
  context.ReportProgress(2, 10, "steps");
  EXPECT_FALSE(context.StopRequested());
  context.ReportSample(3, {{"loss", 1.5}});
  EXPECT_TRUE(context.StopRequested());
  EXPECT_EQ(context_->progress().size(), 1u);
  EXPECT_EQ(context_->samples()[0].metrics(0).value(), 1.5);
}

}  // namespace
}  // namespace bonsai
