#include "worker/train/sft.h"

#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/match.h"
#include "edge_runtime/model/json.h"
#include "storage/document_file.h"
#include "storage/manifest.h"
#include "worker/train/small_model_testing.h"

namespace bonsai {
namespace {

std::string Instructions(int count) {
  const std::string path = testing::TempDir() + "/instructions.binpb";
  const auto writer = *DocumentWriter::Create(path);
  for (int i = 0; i < count; ++i) {
    v1::Document document;
    document.mutable_instruction()->set_instruction(i % 2 == 0 ? "fox" : "bear");
    document.mutable_instruction()->set_output(i % 2 == 0 ? "the fox sees the moon."
                                                          : "a bear likes a river.");
    EXPECT_TRUE(writer->Append(document).ok());
  }
  EXPECT_TRUE(writer->Close().ok());
  std::string bytes;
  FILE* file = fopen(path.c_str(), "rb");
  char buffer[4096];
  for (size_t n = 0; (n = fread(buffer, 1, sizeof(buffer), file)) > 0;) bytes.append(buffer, n);
  fclose(file);
  return bytes;
}

class SftTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    home_ = FakeRunnerContext::Create(testing::TempDir()).release();
    model_id_ = TrainSmallModel(home_->task().storage_dir());
  }
  static void TearDownTestSuite() { delete home_; }

  static std::unique_ptr<FakeRunnerContext> Task(uint32_t steps, const std::string& format = "instructions") {
    auto context = FakeRunnerContext::Create(testing::TempDir(), home_->task().storage_dir());
    v1::SftSpec& spec = *context->mutable_task().mutable_spec()->mutable_sft();
    spec.mutable_optimizer()->set_learning_rate(0.01f);
    spec.mutable_optimizer()->set_clip_norm(1);
    spec.set_steps(steps);
    spec.set_batch_sequences(4);
    spec.set_seed(3);
    context->AddInputId("sft.model", model_id_);
    context->AddInput("sft.corpus", "corpus", {{"documents.binpb", Instructions(10)}}, {{"format", format}});
    return context;
  }

  static inline FakeRunnerContext* home_ = nullptr;
  static inline std::string model_id_;
};

double LastLoss(FakeRunnerContext& context) {
  std::string error;
  const auto report = edge::JsonValue::Parse(*context.OutputFile("report.json"), &error);
  return report->Find("loss")->items().back().number();
}

TEST_F(SftTest, LearnsTheResponses) {
  const auto context = Task(120);
  ASSERT_EQ(RunSft(*context), absl::OkStatus());
  EXPECT_LT(LastLoss(*context), 0.1);
  const v1::Manifest manifest = *context->Output();
  EXPECT_EQ(manifest.kind(), "model");
  EXPECT_EQ(FindProperty(manifest, "rows"), "10");
  EXPECT_EQ(FindProperty(manifest, "rows_dropped"), "0");
  EXPECT_NE(FindFile(manifest, "tokenizer.model"), nullptr);
}

TEST_F(SftTest, TwoRanksAndTwoThreadsEqualOne) {
  const auto alone = Task(20), threaded = Task(20), zero = Task(20), one = Task(20);
  ASSERT_EQ(RunSft(*alone), absl::OkStatus());
  threaded->mutable_task().mutable_spec()->mutable_resources()->set_cpus(2);
  ASSERT_EQ(RunSft(*threaded), absl::OkStatus());
  for (FakeRunnerContext* context : {zero.get(), one.get()}) {
    context->mutable_task().set_ranks(2);
    context->mutable_task().set_rank(context == one.get());
    context->mutable_task().set_rendezvous_dir(zero->task().rendezvous_dir());
  }
  std::thread other([&] { EXPECT_EQ(RunSft(*one), absl::OkStatus()); });
  EXPECT_EQ(RunSft(*zero), absl::OkStatus());
  other.join();
  EXPECT_NEAR(LastLoss(*zero), LastLoss(*alone), 1e-3);
  EXPECT_NEAR(LastLoss(*threaded), LastLoss(*alone), 1e-3);
}

TEST_F(SftTest, ResumesBitForBit) {
  const auto whole = Task(12), first = Task(12), second = Task(12);
  ASSERT_EQ(RunSft(*whole), absl::OkStatus());
  first->RequestStopAtStep(5);
  EXPECT_EQ(RunSft(*first).code(), absl::StatusCode::kCancelled);
  ASSERT_EQ(first->checkpoints().size(), 1u);
  second->AddResume(first->checkpoints()[0].manifest_id(), first->checkpoints()[0].step());
  ASSERT_EQ(RunSft(*second), absl::OkStatus());
  EXPECT_LT(second->samples().size(), 8u);
  EXPECT_EQ(LossesOf(*second), LossesOf(*whole));
  EXPECT_TRUE(*second->OutputFile("model.safetensors") == *whole->OutputFile("model.safetensors"));
}

TEST_F(SftTest, RefusesAnotherFormatAndAPromptThatNeverFits) {
  const auto text = Task(5, "text");
  absl::Status status = RunSft(*text);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(status.message(), "format \"text\"; valid: instructions")) << status;
  const auto narrow = Task(5);
  narrow->mutable_task().mutable_spec()->mutable_sft()->set_seq_len(8);
  status = RunSft(*narrow);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(status.message(), "leaves no instruction: 10")) << status;
  const auto wide = Task(5);
  wide->mutable_task().mutable_spec()->mutable_sft()->set_seq_len(100000);
  EXPECT_TRUE(absl::StrContains(RunSft(*wide).message(), "sft.seq_len is 100000")) << status;
}

}  // namespace
}  // namespace bonsai
