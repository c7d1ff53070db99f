#include "worker/train/sft.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "edge_runtime/model/chat_template.h"
#include "edge_runtime/model/json.h"
#include "edge_runtime/model/safetensors.h"
#include "edge_runtime/model/test_data.h"
#include "storage/document_file.h"
#include "storage/manifest.h"
#include "worker/data/data_runner.h"
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

// The task of `zero` done by two ranks, of which `one` is the other.
void RunAsTwoRanks(FakeRunnerContext& zero, FakeRunnerContext& one) {
  for (FakeRunnerContext* context : {&zero, &one}) {
    context->mutable_task().set_ranks(2);
    context->mutable_task().set_rank(context == &one);
    context->mutable_task().set_rendezvous_dir(zero.task().rendezvous_dir());
  }
  std::thread other([&] { EXPECT_EQ(RunSft(one), absl::OkStatus()); });
  EXPECT_EQ(RunSft(zero), absl::OkStatus());
  other.join();
}

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
  RunAsTwoRanks(*zero, *one);
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

// Short prompts, several to a row; with `lora`, low-rank adapters.
v1::SftSpec& Pack(FakeRunnerContext& context, bool lora) {
  v1::SftSpec& spec = *context.mutable_task().mutable_spec()->mutable_sft();
  spec.set_chat_template(v1::LLAMA2);
  spec.set_pack_rows(true);
  if (lora) spec.mutable_lora()->set_rank(4);
  return spec;
}

TEST_F(SftTest, PackedRowsTrainAsRowsOfTheirOwn) {
  const auto packed = Task(20), plain = Task(20);
  Pack(*packed, false);
  Pack(*plain, false).set_pack_rows(false);
  ASSERT_EQ(RunSft(*packed), absl::OkStatus());
  ASSERT_EQ(RunSft(*plain), absl::OkStatus());
  EXPECT_NEAR(LastLoss(*packed), LastLoss(*plain), 1e-3);
  EXPECT_EQ(FindProperty(*packed->Output(), "tokens_seen"), FindProperty(*plain->Output(), "tokens_seen"));
}

std::map<std::string, std::vector<float>> Tensors(const std::string& bytes) {
  std::map<std::string, edge::TensorView> views;
  std::map<std::string, std::vector<float>> tensors;
  std::string error;
  EXPECT_TRUE(
      edge::ParseSafetensors({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, &views, &error))
      << error;
  for (const auto& [name, view] : views) {
    tensors[name].resize(edge::CountElements(view));
    edge::CopyToFloat(view, 0, tensors[name]);
  }
  return tensors;
}

TEST_F(SftTest, AdaptersLearnAndAreAddedToTheModel) {
  const auto context = Task(150);
  Pack(*context, true).mutable_lora()->set_alpha(6);
  context->mutable_task().mutable_spec()->mutable_sft()->mutable_optimizer()->set_learning_rate(0.03f);
  ASSERT_EQ(RunSft(*context), absl::OkStatus());
  std::string error;
  const auto report = edge::JsonValue::Parse(*context->OutputFile("report.json"), &error);
  EXPECT_LT(LastLoss(*context), 0.5 * report->Find("loss")->items().front().number());
  const auto config = edge::JsonValue::Parse(*context->OutputFile("adapter_config.json"), &error);
  EXPECT_EQ(config->Find("peft_type")->string(), "LORA");
  EXPECT_EQ(config->Find("r")->integer(), 4);
  EXPECT_EQ(config->Find("lora_alpha")->number(), 6);
  ASSERT_EQ(config->Find("target_modules")->items().size(), 7u);
  EXPECT_EQ(config->Find("target_modules")->items()[0].string(), "down_proj");

  const v1::Manifest base = GetManifest(context->blobs(), model_id_).value();
  const auto before =
      Tensors(*context->blobs().Get(FindFile(base, "model.safetensors")->blob().sha256(), 1 << 20));
  const auto after = Tensors(*context->OutputFile("model.safetensors"));
  auto adapters = Tensors(*context->OutputFile("adapter_model.safetensors"));
  EXPECT_EQ(adapters.size(), 2u * 2 * 7);
  EXPECT_EQ(after.at("model.embed_tokens.weight"), before.at("model.embed_tokens.weight"));
  EXPECT_EQ(after.at("model.layers.1.input_layernorm.weight"),
            before.at("model.layers.1.input_layernorm.weight"));
  const std::string name = "model.layers.1.mlp.up_proj.";  // [64, 32]
  const std::vector<float>& a = adapters.at("base_model.model." + name + "lora_A.weight");
  const std::vector<float>& b = adapters.at("base_model.model." + name + "lora_B.weight");
  for (size_t i = 0; i < 64 * 32; ++i) {
    double want = before.at(name + "weight")[i];
    for (size_t k = 0; k < 4; ++k) want += 1.5 * b[i / 32 * 4 + k] * a[k * 32 + i % 32];
    ASSERT_NEAR(after.at(name + "weight")[i], want, 1e-5) << i;
  }
  const v1::Manifest model = *context->Output();
  EXPECT_EQ(FindProperty(model, "trained_parameters"), "4096");
  EXPECT_EQ(FindProperty(model, "parameters"), FindProperty(base, "parameters"));
}

TEST_F(SftTest, AdaptersResumeBitForBitAndCheckpointsHoldNothingElse) {
  const auto whole = Task(12), first = Task(12), second = Task(12);
  for (FakeRunnerContext* context : {whole.get(), first.get(), second.get()}) Pack(*context, true);
  ASSERT_EQ(RunSft(*whole), absl::OkStatus());
  first->RequestStopAtStep(5);
  EXPECT_EQ(RunSft(*first).code(), absl::StatusCode::kCancelled);
  ASSERT_EQ(first->checkpoints().size(), 1u);
  const std::string id = first->checkpoints()[0].manifest_id();
  const v1::Manifest checkpoint = GetManifest(first->blobs(), id).value();
  EXPECT_EQ(FindFile(checkpoint, "part-00000-of-00001.f32")->blob().size_bytes(), 3u * 4 * 4096);
  second->AddResume(id, first->checkpoints()[0].step());
  ASSERT_EQ(RunSft(*second), absl::OkStatus());
  EXPECT_LT(second->samples().size(), 8u);
  EXPECT_EQ(LossesOf(*second), LossesOf(*whole));
  for (const char* file : {"model.safetensors", "adapter_model.safetensors"}) {
    EXPECT_TRUE(*second->OutputFile(file) == *whole->OutputFile(file)) << file;
  }
}

TEST_F(SftTest, WithGradientPartsTwoRanksGiveTheSameAdapters) {
  const auto alone = Task(8), zero = Task(8), one = Task(8);
  for (FakeRunnerContext* context : {alone.get(), zero.get(), one.get()}) {
    Pack(*context, true).set_gradient_parts(4);
  }
  ASSERT_EQ(RunSft(*alone), absl::OkStatus());
  RunAsTwoRanks(*zero, *one);
  EXPECT_TRUE(*zero->OutputFile("adapter_model.safetensors") ==
              *alone->OutputFile("adapter_model.safetensors"));
}

TEST_F(SftTest, TheModelCarriesItsChatTemplate) {
  const auto context = Task(1);
  context->mutable_task().mutable_spec()->mutable_sft()->set_chat_template(v1::CHATML);
  ASSERT_EQ(RunSft(*context), absl::OkStatus());
  EXPECT_EQ(*context->OutputFile("chat_template.jinja"),
            edge::ChatJinja(edge::ChatTemplate::kChatml, /*space_first=*/true));
  EXPECT_EQ(FindProperty(*context->Output(), "chat_template"), "CHATML");
}

TEST_F(SftTest, ChineseAlpacaGoesFromItsFileToATunedModel) {
  BONSAI_FIND_TEST_DATA(path, "alpaca/alpaca_data_zh.json");
  auto data = FakeRunnerContext::Create(testing::TempDir(), home_->task().storage_dir());
  v1::DataSpec& corpus = *data->mutable_task().mutable_spec()->mutable_data();
  corpus.set_max_documents(200);
  v1::DataSpec::Source& source = *corpus.add_sources();
  source.set_dataset("alpaca_zh");
  source.set_format(v1::DataSpec::ALPACA_JSON);
  source.add_paths(path);
  ASSERT_EQ(RunData(*data), absl::OkStatus());

  // Bytes for what the small vocabulary has not: three tokens a character.
  const auto context = Task(20);
  Pack(*context, false).set_batch_sequences(8);
  context->mutable_task().mutable_inputs(1)->set_artifact_id(data->output_id());
  ASSERT_EQ(RunSft(*context), absl::OkStatus());
  EXPECT_LT(LastLoss(*context), 5.0);
  EXPECT_GT(std::stoi(FindProperty(*context->Output(), "rows")), 100);
}

TEST_F(SftTest, RefusesWhatNoFineTuningCanBe) {
  const std::pair<void (*)(v1::SftSpec&), const char*> rows[] = {
      {[](v1::SftSpec& spec) { spec.mutable_lora(); }, "sft.lora.rank is 0; valid: 1 to 4096"},
      {[](v1::SftSpec& spec) { spec.mutable_lora()->set_alpha(-1); }, "sft.lora.alpha is -1; valid: above 0"},
      {[](v1::SftSpec& spec) { spec.mutable_optimizer()->mutable_muon()->set_learning_rate(0.01f); },
       "sft.optimizer.muon is set, and so is sft.lora"},
      {[](v1::SftSpec& spec) { spec.set_chat_template(static_cast<v1::ChatTemplate>(7)); },
       "sft.chat_template is 7; valid: ALPACA, LLAMA2 or CHATML"},
  };
  for (const auto& [change, problem] : rows) {
    const auto context = Task(1);
    v1::SftSpec& spec = Pack(*context, problem != rows[0].second);
    change(spec);
    const absl::Status status = RunSft(*context);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(absl::StrContains(status.message(), problem)) << status;
  }
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
