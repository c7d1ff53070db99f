#include "worker/train/pretrain.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <thread>

#include "absl/strings/match.h"
#include "edge_runtime/engine/engine.h"
#include "edge_runtime/model/json.h"
#include "edge_runtime/model/model_fixture.h"
#include "edge_runtime/model/tokenizer.h"
#include "storage/manifest.h"
#include "worker/train/autograd_step.h"
#include "worker/train/model_files.h"
#include "worker/train/small_model_testing.h"

namespace bonsai {
namespace {

std::vector<double> LossValues(FakeRunnerContext& context) {
  std::string error;
  const auto report = edge::JsonValue::Parse(*context.OutputFile("report.json"), &error);
  std::vector<double> losses;
  for (const edge::JsonValue& loss : report->Find("loss")->items()) losses.push_back(loss.number());
  return losses;
}

struct RunResult {
  std::string weights;
  std::string losses;
};

RunResult ResultOf(FakeRunnerContext& context) {
  EXPECT_EQ(RunPretrain(context), absl::OkStatus());
  const absl::StatusOr<std::string> weights = context.OutputFile("model.safetensors");
  EXPECT_TRUE(weights.ok()) << weights.status();
  return {weights.ok() ? *weights : "", LossesOf(context)};
}

TEST(Pretrain, LearnsAndPublishesAModel) {
  v1::PretrainSpec spec = SmallPretrainSpec();
  spec.set_steps(60);
  const auto context = SmallPretrainTask(spec);
  ASSERT_EQ(RunPretrain(*context), absl::OkStatus());
  const absl::StatusOr<v1::Manifest> manifest = context->Output();
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->kind(), "model");
  for (const char* path :
       {"config.json", "model.safetensors", "tokenizer.model", "report.json", "cost.json", "report.html"}) {
    EXPECT_NE(FindFile(*manifest, path), nullptr) << path;
  }
  EXPECT_EQ(FindProperty(*manifest, "steps"), "60");
  EXPECT_EQ(FindProperty(*manifest, "tokens_seen"), "7680");
  EXPECT_EQ(FindProperty(*manifest, "dtype"), "float32");
  const std::vector<double> losses = LossValues(*context);
  ASSERT_EQ(losses.size(), 60u);
  EXPECT_NEAR(losses.front(), std::log(300.0), 0.2);
  EXPECT_LT(losses.back(), 2.0);
  ASSERT_EQ(context->samples().size(), 60u);
  EXPECT_EQ(context->progress().back().step(), 60u);
}

TEST(Pretrain, TakesAByteLevelTokenizerAndHandsItOn) {
  const std::string json = edge::FixtureTokenizerJson();
  std::string error;
  const auto tokenizer =
      edge::Tokenizer::Parse({reinterpret_cast<const uint8_t*>(json.data()), json.size()}, &error);
  ASSERT_NE(tokenizer, nullptr) << error;
  std::vector<uint16_t> ids;
  for (const std::string& sentence : SmallSentences(200)) {
    for (const int32_t id : tokenizer->Encode(sentence)) ids.push_back(static_cast<uint16_t>(id));
    ids.push_back(static_cast<uint16_t>(tokenizer->eos_id()));
  }
  const std::map<std::string, std::string> vocabulary = {
      {"vocab_size", std::to_string(tokenizer->vocab_size())}, {"tokens", std::to_string(ids.size())}};
  const auto context = FakeRunnerContext::Create(testing::TempDir());
  v1::PretrainSpec spec = SmallPretrainSpec();
  spec.set_steps(6);
  *context->mutable_task().mutable_spec()->mutable_pretrain() = spec;
  context->AddInput("pretrain.tokens", "tokens",
                    {{"shard-00000.bin", PackedShard(ids)}, {"tokenizer.json", json}}, vocabulary);
  context->AddInput("pretrain.tokenizer", "tokenizer", {{"tokenizer.json", json}}, vocabulary);
  ASSERT_EQ(RunPretrain(*context), absl::OkStatus());
  EXPECT_EQ(context->OutputFile("tokenizer.json").value(), json);
  EXPECT_EQ(FindFile(*context->Output(), "tokenizer.model"), nullptr);
  // Its ids mean nothing under another tokenizer.json.
  const auto other = FakeRunnerContext::Create(testing::TempDir());
  *other->mutable_task().mutable_spec()->mutable_pretrain() = spec;
  other->AddInput("pretrain.tokens", "tokens",
                  {{"shard-00000.bin", PackedShard(ids)}, {"tokenizer.json", json}}, vocabulary);
  other->AddInput("pretrain.tokenizer", "tokenizer", {{"tokenizer.json", json + "\n"}}, vocabulary);
  EXPECT_EQ(RunPretrain(*other).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Pretrain, SameSpecSameBits) {
  const RunResult first = ResultOf(*SmallPretrainTask(SmallPretrainSpec()));
  const RunResult second = ResultOf(*SmallPretrainTask(SmallPretrainSpec()));
  EXPECT_EQ(first.losses, second.losses);
  EXPECT_TRUE(first.weights == second.weights);
  v1::PretrainSpec other = SmallPretrainSpec();
  other.set_seed(12);
  EXPECT_NE(first.losses, ResultOf(*SmallPretrainTask(other)).losses);
}

// Runs until `step`, leaves as on SIGTERM, and returns the context with its checkpoints.
std::unique_ptr<FakeRunnerContext> Interrupted(const v1::PretrainSpec& spec, uint64_t step,
                                               const std::string& storage_dir = "") {
  auto context = SmallPretrainTask(spec, storage_dir);
  context->RequestStopAtStep(step);
  EXPECT_EQ(RunPretrain(*context).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(context->output_id(), "");
  return context;
}

void AddResumes(const FakeRunnerContext& from, FakeRunnerContext& to) {
  const std::vector<v1::CheckpointWritten> written = from.checkpoints();
  for (auto it = written.rbegin(); it != written.rend(); ++it) to.AddResume(it->manifest_id(), it->step());
}

TEST(Pretrain, ResumesBitForBit) {
  v1::PretrainSpec spec = SmallPretrainSpec();
  spec.set_checkpoint_every_steps(4);
  const RunResult whole = ResultOf(*SmallPretrainTask(spec));
  const auto first = Interrupted(spec, 6);
  ASSERT_EQ(first->checkpoints().size(), 2u);
  EXPECT_EQ(first->checkpoints()[0].step(), 4u);
  EXPECT_GE(first->checkpoints()[1].step(), 6u);
  const auto second = SmallPretrainTask(spec, first->task().storage_dir());
  AddResumes(*first, *second);
  const RunResult resumed = ResultOf(*second);
  EXPECT_LT(second->samples().size(), 8u);  // it did not begin again
  EXPECT_EQ(resumed.losses, whole.losses);
  EXPECT_TRUE(resumed.weights == whole.weights);
}

TEST(Pretrain, TruncatedCheckpointFallsBackToTheOlderOne) {
  v1::PretrainSpec spec = SmallPretrainSpec();
  spec.set_checkpoint_every_steps(4);
  const RunResult whole = ResultOf(*SmallPretrainTask(spec));
  const auto first = Interrupted(spec, 6);
  const auto newest = GetManifest(first->blobs(), first->checkpoints()[1].manifest_id());
  ASSERT_TRUE(newest.ok());
  const std::string path = *first->blobs().LocalPath(FindFile(*newest, "part-00000-of-00001.f32")->blob());
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  std::filesystem::resize_file(path, 100);
  const auto second = SmallPretrainTask(spec, first->task().storage_dir());
  AddResumes(*first, *second);
  const RunResult resumed = ResultOf(*second);
  EXPECT_EQ(second->samples().size(), 8u);  // from step 4
  EXPECT_EQ(resumed.losses, whole.losses);
  EXPECT_TRUE(resumed.weights == whole.weights);
}

TEST(Pretrain, CheckpointOfAnotherRunIsNotUsed) {
  const auto first = Interrupted(SmallPretrainSpec(), 6);
  v1::PretrainSpec other = SmallPretrainSpec();
  other.mutable_optimizer()->set_learning_rate(0.02f);
  const auto second = SmallPretrainTask(other, first->task().storage_dir());
  AddResumes(*first, *second);
  second->AddResume(std::string(64, 'a'), 3);
  EXPECT_EQ(ResultOf(*second).losses, ResultOf(*SmallPretrainTask(other)).losses);
}

// Runs one context per rank, at once.
std::vector<absl::Status> RunRanks(const std::vector<FakeRunnerContext*>& ranks) {
  std::vector<absl::Status> statuses(ranks.size());
  std::vector<std::thread> threads;
  for (size_t rank = 0; rank < ranks.size(); ++rank) {
    v1::Task& task = ranks[rank]->mutable_task();
    task.set_rank(static_cast<uint32_t>(rank));
    task.set_ranks(static_cast<uint32_t>(ranks.size()));
    task.set_rendezvous_dir(ranks[0]->task().rendezvous_dir());
    threads.emplace_back([&, rank] {
      statuses[rank] = RunPretrain(*ranks[rank]);
      // The agent asks every rank to leave, one a little later than the other.
      if (statuses[rank].code() == absl::StatusCode::kCancelled) ranks.back()->RequestStop();
    });
  }
  for (std::thread& thread : threads) thread.join();
  return statuses;
}

TEST(Pretrain, TwoRanksEqualOne) {
  v1::PretrainSpec spec = SmallPretrainSpec();
  spec.set_steps(50);
  spec.mutable_schedule()->set_decay_steps(20);
  const auto alone = SmallPretrainTask(spec);
  ASSERT_EQ(RunPretrain(*alone), absl::OkStatus());
  const auto zero = SmallPretrainTask(spec), one = SmallPretrainTask(spec, zero->task().storage_dir());
  EXPECT_EQ(RunRanks({zero.get(), one.get()}), std::vector<absl::Status>(2));
  EXPECT_EQ(one->output_id(), "");
  const std::vector<double> want = LossValues(*alone), got = LossValues(*zero);
  ASSERT_EQ(got.size(), 50u);
  for (size_t step = 0; step < 50; ++step) EXPECT_NEAR(got[step], want[step], 1e-4) << step;
}

TEST(Pretrain, RanksLeaveAtTheSameStepAndOneRankGoesOn) {
  v1::PretrainSpec spec = SmallPretrainSpec();
  const RunResult whole = ResultOf(*SmallPretrainTask(spec));
  const auto zero = SmallPretrainTask(spec), one = SmallPretrainTask(spec, zero->task().storage_dir());
  zero->RequestStopAtStep(5);
  for (const absl::Status& status : RunRanks({zero.get(), one.get()})) {
    EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
  }
  ASSERT_EQ(zero->checkpoints().size(), 1u);
  EXPECT_EQ(one->checkpoints().size(), 0u);
  const auto alone = SmallPretrainTask(spec, zero->task().storage_dir());
  AddResumes(*zero, *alone);
  ASSERT_EQ(RunPretrain(*alone), absl::OkStatus());
  EXPECT_LT(alone->samples().size(), 9u);
  EXPECT_EQ(LossValues(*alone).size(), 12u);
}

TEST(Pretrain, OneDamagedPartFallsBackToTheOlderCheckpoint) {
  v1::PretrainSpec spec = SmallPretrainSpec();
  spec.set_checkpoint_every_steps(4);
  const auto zero = SmallPretrainTask(spec), one = SmallPretrainTask(spec, zero->task().storage_dir());
  EXPECT_EQ(RunRanks({zero.get(), one.get()}), std::vector<absl::Status>(2));
  ASSERT_EQ(zero->checkpoints().size(), 2u);
  const auto newest = GetManifest(zero->blobs(), zero->checkpoints()[1].manifest_id());
  ASSERT_TRUE(newest.ok());
  const v1::ArtifactFile* part = FindFile(*newest, "part-00001-of-00002.f32");
  ASSERT_NE(part, nullptr);
  std::filesystem::remove(*zero->blobs().LocalPath(part->blob()));
  const auto alone = SmallPretrainTask(spec, zero->task().storage_dir());
  AddResumes(*zero, *alone);
  testing::internal::CaptureStderr();
  ASSERT_EQ(RunPretrain(*alone), absl::OkStatus());
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(absl::StrContains(log, "checkpoint of step 8")) << log;
  EXPECT_TRUE(absl::StrContains(log, "skipped: part-00001-of-00002.f32: blob")) << log;
  EXPECT_TRUE(absl::StrContains(log, "resumed at step 4")) << log;
  EXPECT_EQ(alone->samples().size(), 8u);
}

TEST(Pretrain, StopsEarlyWithACheckpointFromWhichAnotherJobGoesOn) {
  v1::PretrainSpec spec = SmallPretrainSpec();
  const RunResult whole = ResultOf(*SmallPretrainTask(spec));
  spec.set_stop_after_steps(5);
  const auto first = SmallPretrainTask(spec);
  ASSERT_EQ(RunPretrain(*first), absl::OkStatus());
  EXPECT_EQ(FindProperty(*first->Output(), "steps"), "5");
  ASSERT_EQ(first->checkpoints().size(), 1u);
  EXPECT_EQ(first->checkpoints()[0].step(), 5u);

  const auto again = SmallPretrainTask(spec, first->task().storage_dir());  // died before it published
  AddResumes(*first, *again);
  ASSERT_EQ(RunPretrain(*again), absl::OkStatus());
  EXPECT_TRUE(*again->OutputFile("model.safetensors") == *first->OutputFile("model.safetensors"));
  EXPECT_EQ(again->samples().size(), 1u);

  spec.set_stop_after_steps(0);
  const auto rest = SmallPretrainTask(spec, first->task().storage_dir());
  AddResumes(*first, *rest);
  const RunResult resumed = ResultOf(*rest);
  EXPECT_EQ(rest->samples().size(), 7u);
  EXPECT_EQ(resumed.losses, whole.losses);
  EXPECT_TRUE(resumed.weights == whole.weights);
}

double MetricOf(const v1::Sample& sample, const std::string& name) {
  for (const v1::Metric& metric : sample.metrics()) {
    if (metric.name() == name) return metric.value();
  }
  return NAN;
}

TEST(Pretrain, HeldOutLossGoesWithCheckpointsAndTheModelAtAnyNumberOfRanks) {
  v1::PretrainSpec spec = SmallPretrainSpec();
  spec.set_checkpoint_every_steps(4);
  const auto with_held_out = [&](const std::string& storage_dir, uint32_t sequences) {
    spec.mutable_validation()->set_sequences(sequences);
    auto context = SmallPretrainTask(spec, storage_dir);
    for (const v1::ResolvedInput& input : context->task().inputs()) {
      if (input.field() != "pretrain.tokens") continue;
      context->AddInputId("pretrain.validation.tokens", std::string(input.artifact_id()));
      break;
    }
    return context;
  };
  const auto alone = with_held_out("", 5);
  ASSERT_EQ(RunPretrain(*alone), absl::OkStatus());
  std::vector<double> losses;
  for (const v1::Sample& sample : alone->samples()) {
    const double loss = MetricOf(sample, "validation_loss");
    EXPECT_EQ(!std::isnan(loss), sample.step() % 4 == 0) << sample.step();
    if (!std::isnan(loss)) losses.push_back(loss);
  }
  ASSERT_EQ(losses.size(), 3u);
  EXPECT_LT(losses[2], losses[0]);
  ASSERT_EQ(alone->checkpoints().size(), 2u);
  const v1::CheckpointWritten checkpoint = alone->checkpoints()[1];
  ASSERT_EQ(checkpoint.metrics_size(), 2);
  EXPECT_EQ(checkpoint.metrics(1).name(), "validation_loss");
  EXPECT_NEAR(checkpoint.metrics(1).value(), losses[1], 1e-6);
  EXPECT_NE(FindProperty(*alone->Output(), "validation_loss"), "");
  EXPECT_TRUE(absl::StrContains(*alone->OutputFile("report.json"), "\"validation_loss\""));

  const auto zero = with_held_out("", 5), one = with_held_out(zero->task().storage_dir(), 5);
  EXPECT_EQ(RunRanks({zero.get(), one.get()}), std::vector<absl::Status>(2));
  EXPECT_NEAR(MetricOf(zero->samples().back(), "validation_loss"), losses[2], 1e-4);
  const auto all = with_held_out("", 100000);  // more than there are: all of them
  EXPECT_EQ(RunPretrain(*all), absl::OkStatus());
}

TEST(Pretrain, LossThatIsNotFiniteIsABadInput) {
  v1::PretrainSpec spec = SmallPretrainSpec();
  spec.mutable_optimizer()->set_learning_rate(3e38f);
  spec.set_checkpoint_every_steps(1);
  spec.mutable_schedule()->set_warmup_steps(0);
  const auto context = SmallPretrainTask(spec);
  const absl::Status status = RunPretrain(*context);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(status.message(), "at step 2 (learning rate 3e+38)")) << status;
  EXPECT_EQ(context->output_id(), "");
}

TEST(Pretrain, BadSpecNamesTheField) {
  const struct {
    const char* field;
    std::function<void(v1::PretrainSpec&)> spoil;
  } cases[] = {
      {"pretrain.steps", [](v1::PretrainSpec& spec) { spec.set_steps(0); }},
      {"pretrain.batch_sequences", [](v1::PretrainSpec& spec) { spec.set_batch_sequences(0); }},
      {"pretrain.batch_sequences", [](v1::PretrainSpec& spec) { spec.set_batch_sequences(1u << 31); }},
      {"pretrain.seq_len", [](v1::PretrainSpec& spec) { spec.set_seq_len(33); }},
      {"pretrain.seq_len", [](v1::PretrainSpec& spec) { spec.mutable_model()->set_max_seq_len(100000); }},
      {"pretrain.model.dim", [](v1::PretrainSpec& spec) { spec.mutable_model()->set_dim(0); }},
      {"pretrain.model.heads", [](v1::PretrainSpec& spec) { spec.mutable_model()->set_heads(5); }},
      {"pretrain.model", [](v1::PretrainSpec& spec) { spec.mutable_model()->set_kv_heads(3); }},
      {"pretrain.model.layers_per_weights",
       [](v1::PretrainSpec& spec) { spec.mutable_model()->set_layers_per_weights(3); }},
      {"pretrain.model: logit_soft_cap",
       [](v1::PretrainSpec& spec) { spec.mutable_model()->set_logit_soft_cap(-1); }},
      {"pretrain.model: logit_soft_cap",
       [](v1::PretrainSpec& spec) { spec.mutable_model()->set_logit_soft_cap(NAN); }},
      {"pretrain.model.activation",
       [](v1::PretrainSpec& spec) {
         spec.mutable_model()->set_activation(static_cast<v1::ModelShape::Activation>(7));
       }},
      {"pretrain.width_transfer_dim", [](v1::PretrainSpec& spec) { spec.set_width_transfer_dim(1u << 30); }},
      {"pretrain.optimizer.learning_rate",
       [](v1::PretrainSpec& spec) { spec.mutable_optimizer()->set_learning_rate(0); }},
      {"pretrain.optimizer.learning_rate",
       [](v1::PretrainSpec& spec) { spec.mutable_optimizer()->set_learning_rate(NAN); }},
      {"pretrain.optimizer.beta2", [](v1::PretrainSpec& spec) { spec.mutable_optimizer()->set_beta2(1); }},
      {"pretrain.schedule.warmup_steps",
       [](v1::PretrainSpec& spec) { spec.mutable_schedule()->set_warmup_steps(13); }},
      {"pretrain.schedule.decay_steps",
       [](v1::PretrainSpec& spec) { spec.mutable_schedule()->set_decay_steps(11); }},
  };
  for (const auto& c : cases) {
    v1::PretrainSpec spec = SmallPretrainSpec();
    c.spoil(spec);
    const auto context = SmallPretrainTask(spec);
    const absl::Status status = RunPretrain(*context);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), c.field)) << c.field << ": " << status;
    EXPECT_TRUE(absl::StrContains(status.message(), "valid") ||
                absl::StartsWith(status.message(), "pretrain.model: "))
        << status;
    EXPECT_EQ(context->output_id(), "");
  }
}

TEST(Pretrain, RefusesTokensOfAnotherTokenizer) {
  const auto context = SmallPretrainTask(SmallPretrainSpec());
  context->AddInput("pretrain.tokenizer", "tokenizer", {{"tokenizer.model", TokenizerOf(301)}});
  const absl::Status status = RunPretrain(*context);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(status.message(), "packed with another tokenizer")) << status;
}

// Each option alone, all of them, and a transferred width.
std::vector<v1::PretrainSpec> SpecsOfModels() {
  std::vector<v1::PretrainSpec> specs(7, SmallPretrainSpec());
  specs[1].mutable_model()->set_qk_norm(true);
  specs[2].mutable_model()->set_activation(v1::ModelShape::RELU_SQUARED);
  specs[3].mutable_model()->set_logit_soft_cap(1.5f);
  specs[4].mutable_model()->set_layers_per_weights(2);
  specs[5].MergeFrom(specs[1]);
  specs[5].MergeFrom(specs[2]);
  specs[5].MergeFrom(specs[3]);
  specs[5].mutable_model()->set_layers(4);
  specs[5].mutable_model()->set_layers_per_weights(2);
  specs[5].mutable_model()->set_untied_embeddings(true);
  specs[6].set_width_transfer_dim(16);
  return specs;
}

// Writes the run's losses.
void ExpectEngineAndTrainerAgree(const v1::PretrainSpec& spec, std::string* losses) {
  const auto context = SmallPretrainTask(spec);
  ASSERT_EQ(RunPretrain(*context), absl::OkStatus());
  *losses = LossesOf(*context);
  const absl::StatusOr<LoadedModel> model = LoadModel(*context, {context->output_id(), *context->Output()});
  ASSERT_TRUE(model.ok()) << model.status();
  std::vector<int32_t> tokens(32), targets(32, -1);
  for (int i = 0; i < 32; ++i) tokens[i] = (i * 37 + 5) % 300;
  std::vector<float> want(32 * 300), got(want.size());
  const absl::StatusOr<ParameterLayout> layout = ParameterLayout::Create(model->config);
  const auto twin = CreateAutogradStep(*layout, true);
  twin->Load(model->parameters);
  twin->Logits({1, 32, tokens.data(), targets.data()}, absl::MakeSpan(want));

  const std::string config = *context->OutputFile("config.json"),
                    weights = *context->OutputFile("model.safetensors");
  std::string error;
  const auto engine_model = edge::Model::FromSafetensors(
      config, {reinterpret_cast<const uint8_t*>(weights.data()), weights.size()}, &error);
  ASSERT_NE(engine_model, nullptr) << error;
  for (const edge::KernelSet kernels : {edge::KernelSet::kScalar, edge::KernelSet::kAuto}) {
    const auto session = edge::Session::Create(*engine_model, {.kernels = kernels}, &error);
    ASSERT_NE(session, nullptr) << error;
    ASSERT_TRUE(session->Forward(tokens, got, &error)) << error;
    for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], want[i], 1e-3) << i;
  }
}

TEST(Pretrain, EngineAndTrainerAgreeOnEveryKindOfModel) {
  const std::vector<v1::PretrainSpec> specs = SpecsOfModels();
  std::vector<std::string> losses(specs.size());
  for (size_t i = 0; i < specs.size(); ++i) {
    SCOPED_TRACE(i);
    ExpectEngineAndTrainerAgree(specs[i], &losses[i]);
    for (size_t j = 0; j < i; ++j) EXPECT_NE(losses[i], losses[j]) << j;  // every option does something
  }
}

// AdamW's first step has the length of the learning rate in every value.
TEST(Pretrain, ATransferredWidthReachesInitialValuesAndRates) {
  v1::PretrainSpec spec = SmallPretrainSpec();
  spec.set_steps(1);
  spec.clear_schedule();
  spec.set_width_transfer_dim(spec.model().dim() / 2);
  const auto context = SmallPretrainTask(spec);
  ASSERT_EQ(RunPretrain(*context), absl::OkStatus());
  const absl::StatusOr<LoadedModel> model = LoadModel(*context, {context->output_id(), *context->Output()});
  ASSERT_TRUE(model.ok()) << model.status();
  const absl::StatusOr<ParameterLayout> layout = ParameterLayout::Create(model->config);
  const float rate = spec.optimizer().learning_rate();
  const auto moved = [&](edge::TensorRole role, int32_t layer, float from) {
    double sum = 0;
    const float* values = model->parameters.data() + layout->Offset(role, layer);
    for (int32_t i = 0; i < model->config.dim; ++i) sum += std::abs(double{values[i]} - from);
    return sum / model->config.dim;
  };
  // A little less where a gradient is not far above epsilon.
  EXPECT_NEAR(moved(edge::TensorRole::kFinalNorm, -1, 0.5f), rate / 2, 0.02 * rate);
  EXPECT_NEAR(moved(edge::TensorRole::kFeedForwardNorm, 1, 1.0f), rate, 0.02 * rate);
}

TEST(Pretrain, TransferFromItsOwnWidthChangesNoBit) {
  v1::PretrainSpec spec = SmallPretrainSpec();
  const RunResult plain = ResultOf(*SmallPretrainTask(spec));
  spec.set_width_transfer_dim(spec.model().dim());
  const RunResult transferred = ResultOf(*SmallPretrainTask(spec));
  EXPECT_EQ(transferred.losses, plain.losses);
  EXPECT_TRUE(transferred.weights == plain.weights);
}

}  // namespace
}  // namespace bonsai
