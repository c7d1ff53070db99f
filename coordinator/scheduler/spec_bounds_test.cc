#include "coordinator/scheduler/spec_bounds.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <limits>

namespace bonsai {
namespace {

using testing::HasSubstr;

std::string Problems(const v1::JobSpec& spec) {
  ProblemList problems;
  problems.SetJob("j");
  CheckSpecBounds(spec, problems);
  return std::string(problems.ToStatus().message());
}

std::string Problems(const std::string& text) {
  v1::JobSpec spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec)) << text;
  return Problems(spec);
}

constexpr char kPretrain[] =
    "pretrain { model { dim: 64 layers: 2 heads: 4 kv_heads: 2 hidden_dim: 176 max_seq_len: 128 } "
    "optimizer { learning_rate: 0.001 } schedule { shape: WSD warmup_steps: 10 decay_steps: 20 } steps: 100 "
    "batch_sequences: 8 } ";

TEST(SpecBoundsTest, AcceptsWhatIsRight) {
  for (const std::string& text : {
           std::string(kPretrain),
           std::string(kPretrain) + "resources { ranks: 4 cpus: 2 } max_attempts: 5",
           std::string("pretrain { model { dim: 64 layers: 2 heads: 4 hidden_dim: 176 max_seq_len: 128 "
                       "qk_norm: true activation: RELU_SQUARED logit_soft_cap: 15 layers_per_weights: 2 } "
                       "optimizer { learning_rate: 0.001 } steps: 100 batch_sequences: 8 "
                       "width_transfer_dim: 32 }"),
           std::string("data { sources { dataset: 'c4' format: C4_JSON_GZ paths: 'a' } }"),
           std::string("data { sources { dataset: 'c4' format: C4_JSON_GZ paths: 'a' } "
                       "checkpoint_every_bytes: 65536 }"),
           std::string("tokenizer { vocab_size: 300 }"),
           std::string("tokenizer { vocab_size: 300 algorithm: BYTE_LEVEL_BPE }"),
           std::string("pack {}"),
           std::string("pack { mixture { corpus: '@a' weight: 0.7 } mixture { corpus: '@b' weight: 3 } "
                       "mixture_tokens: 1000 checkpoint_every_shards: 2 }"),
           std::string("sft { optimizer { learning_rate: 1e-4 } steps: 1 batch_sequences: 1 }"),
           std::string("evaluate { commonsenseqa { profile: 'lmeval' } }"),
           std::string("export { formats: HUGGING_FACE formats: LLAMA2C }"),
           std::string("build { target: 'duo-64m' }"),
           std::string("benchmark { target: 'host' decode_tokens: 8 runs: 1 }"),
           std::string("submission { name: 'x' }"),
       }) {
    EXPECT_EQ(Problems(text), "") << text;
  }
}

// One thing wrong in each: the line names the field, the value and what would be valid.
#define SHA "'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'"

TEST(SpecBoundsTest, AnEvaluationMayHaveSuitesThatAreDataAlone) {
  EXPECT_EQ(Problems("evaluate { suites { suite: 'gsm8k' profile: 'lmeval' corpus: '@q' } }"), "");
}

TEST(SpecBoundsTest, SourcesOfRecordsAreValid) {
  for (const char* source : {"format: JSON_ARRAY paths: 'a' records_field: '*' published: '2024-02-29'",
                             "format: JSON_LINES url: 'https://x/y.jsonl.gz' sha256: " SHA,
                             "format: TEXT paths: 'a*.txt' paths: 'b'"}) {
    EXPECT_EQ(Problems(std::string("data { sources { dataset: 'q' ") + source + " } }"), "") << source;
  }
}

TEST(SpecBoundsTest, NamesTheFieldTheValueAndWhatIsValid) {
  const std::pair<const char*, const char*> rows[] = {
      {"tokenizer { vocab_size: 299 }", "job \"j\": tokenizer.vocab_size is 299: must be from 300 to 65535"},
      {"tokenizer { vocab_size: 65536 }", "tokenizer.vocab_size is 65536"},
      {"tokenizer { vocab_size: 300 algorithm: 5 }",
       "tokenizer.algorithm is 5: must be SENTENCEPIECE_BPE or BYTE_LEVEL_BPE"},
      {"data { sources { dataset: 'c4' format: C4_JSON_GZ paths: 'a' } checkpoint_every_bytes: 65535 }",
       "data.checkpoint_every_bytes is 65535: must be from 65536 to 70368744177664"},
      {"pack { shard_tokens: 5 }", "pack.shard_tokens is 5: must be from 1024 to 1073741824"},
      {"pack { corpus: '@a' mixture { corpus: '@b' weight: 1 } }",
       "pack.corpus is \"@a\": must be left out where there is a mixture"},
      {"pack { mixture { corpus: '@b' } }", "pack.mixture[0].weight is 0: must be from 1e-06 to 1e+06"},
      {"pack { mixture { corpus: '@b' weight: nan } }", "pack.mixture[0].weight is nan"},
      {"pack { corpus: '@a' mixture_tokens: 5 }", "pack.mixture_tokens is 5: must be 0 without a mixture"},
      {"pack { checkpoint_every_shards: 100001 }", "pack.checkpoint_every_shards is 100001"},
      {"data {}", "data.sources is empty"},
      {"data { sources { format: C4_JSON_GZ paths: 'a' } }", "data.sources[0].dataset is \"\""},
      {"data { sources { dataset: 'c4' paths: 'a' } }", "data.sources[0].format is 0: must be C4_JSON_GZ,"},
      {"data { sources { dataset: 'c4' format: C4_JSON_GZ } }", "data.sources[0].paths is empty"},
      {"data { sources { dataset: 'c4' format: C4_JSON_GZ paths: '' } }", "data.sources[0].paths[0] is \"\""},
      {"data { sources { dataset: 'c4' format: C4_JSON_GZ paths: 'a' sha256: 'ab' } }",
       "data.sources[0].sha256 is \"ab\": must be 64"},
      {"data { sources { dataset: 'q' format: CSV url: 'https://x/y' } }",
       "data.sources[0].sha256 is \"\": must be set where there is a url"},
      {"data { sources { dataset: 'q' format: CSV url: 'file:///y' sha256: " SHA " } }",
       "data.sources[0].url is \"file:///y\": must be an https or http URL"},
      {"data { sources { dataset: 'q' format: CSV url: 'http://x/y' paths: 'a' sha256: " SHA " } }",
       "data.sources[0].url is set, and so is paths"},
      {"data { sources { dataset: 'q' format: CSV paths: 'a' records_field: 'rows' } }",
       "data.sources[0].records_field is \"rows\": must be empty: only the format JSON_ARRAY has one"},
      {"data { sources { dataset: 'q' format: CSV paths: 'a' published: '2023-02-29' } }",
       "data.sources[0].published is \"2023-02-29\": must be a day such as 2024-04-18"},
      {"data { sources { dataset: 'q' format: CSV paths: 'a' published: '18.4.2024' } }",
       "data.sources[0].published is \"18.4.2024\""},
      {"evaluate {}", "evaluate has no suite"},
      {"evaluate { commonsenseqa { profile: 'mine' } }",
       "evaluate.commonsenseqa.profile is \"mine\": must be lmeval"},
      {"export {}", "export.formats is empty"},
      {"export { formats: LLAMA2C formats: LLAMA2C }", "export.formats[1] is LLAMA2C: is there twice"},
      {"build { target: 'pi' }", "build.target is \"pi\": must be host, android-arm64 or duo-64m"},
      {"benchmark { target: 'pi' decode_tokens: 1 runs: 1 }", "benchmark.target is \"pi\""},
      {"benchmark { target: 'host' decode_tokens: 1 runs: 1001 }",
       "benchmark.runs is 1001: must be from 1 to 1000"},
      {"benchmark { target: 'host' decode_tokens: 1 }", "benchmark.runs is 0"},
      {"benchmark { target: 'host' runs: 1 }", "benchmark.decode_tokens is 0"},
      {"submission {}", "submission.name is \"\""},
      {"pack {} resources { ranks: 2 }", "resources.ranks is 2: must be 1 or 0: a pack job is one process"},
      {"pack {} resources { cpus: 5000 }", "resources.cpus is 5000: must be from 0 to 4096"},
      {"pack {} resources { memory_bytes: 18446744073709551615 }",
       "resources.memory_bytes is 18446744073709551615"},
      {"pack {} priority: -1001", "priority is -1001: must be from -1000 to 1000"},
      {"pack {} resources { min_ranks: 2 }",
       "resources.min_ranks is 2: must be from 1 to resources.ranks, which is 1, or 0 for that"},
      {"pack {} resources { max_ranks: 2 }",
       "resources.max_ranks is 2: must be from resources.ranks, which is 1, to 1, or 0 for ranks"},
      {"pack {} max_attempts: 101", "max_attempts is 101: must be from 0 to 100"},
  };
  for (const auto& [text, problem] : rows) {
    const std::string problems = Problems(text);
    EXPECT_THAT(problems, HasSubstr(problem)) << text;
    EXPECT_EQ(problems.find('\n'), std::string::npos) << problems;
  }
}

// With a learning rate, so that nothing else is wrong with it.
v1::Optimizer::Muon& Muon(v1::PretrainSpec& spec) {
  v1::Optimizer::Muon& muon = *spec.mutable_optimizer()->mutable_muon();
  muon.set_learning_rate(0.01f);
  return muon;
}

v1::BatchRamp& Ramp(v1::PretrainSpec& spec) {
  spec.mutable_batch_ramp()->set_steps(10);
  return *spec.mutable_batch_ramp();
}

v1::Guard& Rewinding(v1::PretrainSpec& spec) {
  spec.mutable_guard()->set_action(v1::Guard::REWIND);
  return *spec.mutable_guard();
}

TEST(SpecBoundsTest, NamesWhatIsWrongWithTraining) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  using Change = void (*)(v1::PretrainSpec&, float);
  struct Row {
    Change change;
    float value;
    const char* problem;
  };
  const Row rows[] = {
      {[](auto& s, float) { s.mutable_model()->set_dim(66); }, 0,
       "pretrain.model.dim is 66: must be a multiple of heads, which is 4"},
      {[](auto& s, float) { s.mutable_model()->set_dim(60); }, 0, "dim / heads is 15, but must be even"},
      {[](auto& s, float) { s.mutable_model()->set_heads(0); }, 0, "pretrain.model.heads is 0"},
      {[](auto& s, float) { s.mutable_model()->set_kv_heads(3); }, 0,
       "pretrain.model.kv_heads is 3: must divide heads"},
      {[](auto& s, float) { s.mutable_model()->set_layers(4000000); }, 0, "pretrain.model.layers is 4000000"},
      {[](auto& s, float) { s.mutable_model()->set_hidden_dim(0); }, 0, "pretrain.model.hidden_dim is 0"},
      {[](auto& s, float v) { s.mutable_model()->set_rope_theta(v); }, nan,
       "pretrain.model.rope_theta is nan"},
      {[](auto& s, float v) { s.mutable_model()->set_norm_epsilon(v); }, -1,
       "pretrain.model.norm_epsilon is -1"},
      {[](auto& s, float) { s.mutable_model()->set_layers_per_weights(3); }, 0,
       "pretrain.model.layers_per_weights is 3: must divide layers, which is 2, or be 0 for 1"},
      {[](auto& s, float v) { s.mutable_model()->set_logit_soft_cap(v); }, nan,
       "pretrain.model.logit_soft_cap is nan: must be from 0.001"},
      {[](auto& s, float v) { s.mutable_model()->set_logit_soft_cap(v); }, -1,
       "pretrain.model.logit_soft_cap is -1"},
      {[](auto& s, float) { s.mutable_model()->set_activation(static_cast<v1::ModelShape::Activation>(7)); },
       0, "pretrain.model.activation is 7: must be SWIGLU or RELU_SQUARED"},
      {[](auto& s, float) { s.set_width_transfer_dim(131073); }, 0,
       "pretrain.width_transfer_dim is 131073: must be from 0 to 131072"},
      {[](auto& s, float) { s.set_steps(0); }, 0, "pretrain.steps is 0: must be from 1"},
      {[](auto& s, float) { s.set_batch_sequences(1); }, 0,
       "pretrain.batch_sequences is 1: must be at least 2: one for each rank"},
      {[](auto& s, float) { s.set_stop_after_steps(1001); }, 0, "pretrain.stop_after_steps is 1001"},
      {[](auto& s, float) { s.set_batch_sequences(0); }, 0, "pretrain.batch_sequences is 0"},
      {[](auto& s, float) { s.set_seq_len(129); }, 0,
       "pretrain.seq_len is 129: must be from 2 to model.max_seq_len, which is 128"},
      {[](auto& s, float) { s.mutable_schedule()->set_warmup_steps(81); }, 0,
       "pretrain.schedule.warmup_steps is 81: with 20 decay_steps it must be at most the 100 steps"},
      {[](auto& s, float) { s.mutable_schedule()->set_warmup_steps(4294967295u); }, 0,
       "schedule.warmup_steps"},
      {[](auto& s, float) { s.mutable_schedule()->set_shape(v1::Schedule::COSINE); }, 0,
       "pretrain.schedule.decay_steps is 20: must be 0 unless the shape is WSD"},
      {[](auto& s, float v) { s.mutable_schedule()->set_final_fraction(v); }, 1.5f,
       "pretrain.schedule.final_fraction is 1.5: must be from 0 to 1"},
      {[](auto& s, float v) { s.mutable_optimizer()->set_learning_rate(v); }, nan,
       "pretrain.optimizer.learning_rate is nan: must be above 0 and at most 10"},
      {[](auto& s, float v) { s.mutable_optimizer()->set_learning_rate(v); }, infinity,
       "learning_rate is inf"},
      {[](auto& s, float v) { s.mutable_optimizer()->set_learning_rate(v); }, 0, "learning_rate is 0"},
      {[](auto& s, float v) { s.mutable_optimizer()->set_beta2(v); }, 1, "pretrain.optimizer.beta2 is 1"},
      {[](auto& s, float v) { s.mutable_optimizer()->set_clip_norm(v); }, -1,
       "pretrain.optimizer.clip_norm is -1"},
      {[](auto& s, float v) { s.mutable_optimizer()->set_weight_decay(v); }, infinity, "weight_decay is inf"},
      {[](auto& s, float v) { s.mutable_optimizer()->mutable_muon()->set_learning_rate(v); }, 0,
       "pretrain.optimizer.muon.learning_rate is 0: must be above 0 and at most 10"},
      {[](auto& s, float v) { Muon(s).set_momentum(v); }, 1, "pretrain.optimizer.muon.momentum is 1"},
      {[](auto& s, float v) { Muon(s).set_row_beta(v); }, -1, "pretrain.optimizer.muon.row_beta is -1"},
      {[](auto& s, float v) { s.set_z_loss(v); }, nan, "pretrain.z_loss is nan"},
      {[](auto& s, float) { s.set_gradient_parts(6); }, 0,
       "pretrain.gradient_parts is 6: must be 0 or a power of two of at most 1024"},
      {[](auto& s, float v) { s.mutable_guard()->set_spike_factor(v); }, 0.9f,
       "pretrain.guard.spike_factor is 0.9: must be above 1"},
      {[](auto& s, float) { s.mutable_guard()->set_action(static_cast<v1::Guard::Action>(7)); }, 0,
       "pretrain.guard.action is 7: must be STOP, SKIP or REWIND"},
      {[](auto& s, float) { s.mutable_guard()->set_skips_max(2); }, 0,
       "pretrain.guard.skips_max is 2: must be 0 unless guard.action is SKIP"},
      {[](auto& s, float) { s.mutable_guard()->set_rewinds_max(2); }, 0,
       "pretrain.guard.rewinds_max is 2: must be 0 unless guard.action is REWIND"},
      {[](auto& s, float) { Rewinding(s).set_rewinds_max(1001); }, 0,
       "pretrain.guard.rewinds_max is 1001: must be from 0 to 1000"},
      {[](auto& s, float) { s.mutable_validation()->set_every_steps(101); }, 0,
       "pretrain.validation.every_steps is 101: must be at most steps, which is 100"},
      {[](auto& s, float) { s.mutable_batch_ramp()->set_initial_sequences(2); }, 0,
       "pretrain.batch_ramp.steps is 0: must be from 1"},
      {[](auto& s, float) { Ramp(s).set_initial_sequences(1); }, 0,
       "pretrain.batch_ramp.initial_sequences is 1: must be from 2, one for each rank, to batch_sequences"},
      {[](auto& s, float) { Ramp(s).set_initial_sequences(1000); }, 0,
       "pretrain.batch_ramp.initial_sequences is 1000"},
  };
  for (const Row& row : rows) {
    v1::JobSpec spec;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
        std::string(kPretrain) + "resources { ranks: 2 }", &spec));
    ASSERT_EQ(Problems(spec), "");
    row.change(*spec.mutable_pretrain(), row.value);
    const std::string problems = Problems(spec);
    EXPECT_THAT(problems, HasSubstr(row.problem));
    EXPECT_EQ(problems.find('\n'), std::string::npos) << problems;
  }
}

TEST(SpecBoundsTest, NamesWhatIsWrongWithFineTuning) {
  const std::string sft = "sft { steps: 1 batch_sequences: 1 optimizer { learning_rate: 1e-4 ";
  EXPECT_EQ(Problems(sft + "} lora { rank: 8 } pack_rows: true chat_template: CHATML }"), "");
  const std::pair<const char*, const char*> rows[] = {
      {"} lora {}", "job \"j\": sft.lora.rank is 0: must be from 1 to 4096"},
      {"} lora { rank: 4097 }", "sft.lora.rank is 4097"},
      {"} lora { rank: 8 alpha: -1 }", "sft.lora.alpha is -1: must be from 0 to 1e+06"},
      {"} lora { rank: 8 alpha: nan }", "sft.lora.alpha is nan"},
      {"muon { learning_rate: 0.01 } } lora { rank: 8 }",
       "sft.optimizer.muon is set: must be left out with sft.lora"},
      {"} chat_template: 3", "sft.chat_template is 3: must be ALPACA, LLAMA2 or CHATML"},
  };
  for (const auto& [text, problem] : rows) {
    const std::string problems = Problems(sft + text + " }");
    EXPECT_THAT(problems, HasSubstr(problem)) << text;
    EXPECT_EQ(problems.find('\n'), std::string::npos) << problems;
  }
}

TEST(SpecBoundsTest, RefusesATextThatNoRecordShouldHold) {
  EXPECT_EQ(Problems("benchmark { target: 'host' decode_tokens: 1 runs: 1 prompt: '" +
                     std::string(65537, 'x') + "' }"),
            "job \"j\": benchmark.prompt has 65537 bytes: must have at most 65536");
}

TEST(SpecBoundsTest, ListsAtMostFiftyProblems) {
  std::string text = "data {";
  for (int i = 0; i < 60; ++i) text += "sources { format: C4_JSON_GZ paths: 'a' }";
  EXPECT_THAT(Problems(text + "}"), HasSubstr("\nand 10 more"));
}

}  // namespace
}  // namespace bonsai
