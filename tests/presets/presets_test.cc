// The presets are what their comments say: they parse, the coordinator would take them, and their figures are
// computed.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/pipeline_file.h"
#include "coordinator/scheduler/pipeline_check.h"
#include "edge_runtime/model/config.h"
#include "evaluator/tracks/track_file.h"

namespace bonsai {
namespace {

v1::Pipeline Read(const std::string& name) {
  const auto pipeline =
      ReadPipelineFile(absl::StrCat("deploy/presets/", name, ".textproto"), {{"data", "/data"}});
  EXPECT_TRUE(pipeline.ok()) << pipeline.status();
  return pipeline.value_or(v1::Pipeline());
}

const v1::JobSpec& Job(const v1::Pipeline& pipeline, const std::string& name) {
  for (const v1::JobSpec& job : pipeline.jobs()) {
    if (job.name() == name) return job;
  }
  ADD_FAILURE() << "no job " << name;
  return v1::JobSpec::default_instance();
}

// The shape that the pretrain job would train.
edge::ModelConfig ConfigOf(const v1::Pipeline& pipeline) {
  const v1::ModelShape& shape = Job(pipeline, "pretrain").pretrain().model();
  edge::ModelConfig config;
  config.dim = static_cast<int32_t>(shape.dim());
  config.hidden_dim = static_cast<int32_t>(shape.hidden_dim());
  config.layers = static_cast<int32_t>(shape.layers());
  config.heads = static_cast<int32_t>(shape.heads());
  config.kv_heads = static_cast<int32_t>(shape.kv_heads());
  config.head_dim = config.dim / config.heads;
  config.vocab_size = static_cast<int32_t>(Job(pipeline, "tokenizer").tokenizer().vocab_size());
  config.max_seq_len = static_cast<int32_t>(shape.max_seq_len());
  config.tied_embeddings = !shape.untied_embeddings();
  std::string error;
  EXPECT_TRUE(edge::ValidateConfig(config, &error)) << error;
  return config;
}

// The number behind "#   LABEL:" in a preset's comments; -1 if there is none.
int64_t Stated(const std::string& name, const std::string& label) {
  std::ifstream file(absl::StrCat("deploy/presets/", name, ".textproto"));
  for (std::string line; std::getline(file, line);) {
    absl::string_view rest = line;
    if (!absl::ConsumePrefix(&rest, absl::StrCat("#   ", label, ":"))) continue;
    const std::vector<std::string> words = absl::StrSplit(rest, ' ', absl::SkipEmpty());
    int64_t number = -1;
    return absl::SimpleAtoi(absl::StrReplaceAll(words[0], {{",", ""}}), &number) ? number : -1;
  }
  return -1;
}

// The engine's key-value cache, F32 for all positions.
int64_t CacheBytes(const edge::ModelConfig& config) {
  return int64_t{4} * 2 * config.layers * config.kv_heads * config.head_dim * config.max_seq_len;
}

class Preset : public testing::TestWithParam<std::string> {};

TEST_P(Preset, ParsesAndPassesTheCoordinatorsCheck) {
  const auto tracks = LoadTracks("deploy/tracks");
  ASSERT_TRUE(tracks.ok()) << tracks.status();
  const auto checked =
      CheckPipeline(Read(GetParam()), {[](absl::string_view) { return std::nullopt; }, *tracks});
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->order.back(), "row");
}

TEST_P(Preset, HasTheFiguresThatItStates) {
  const edge::ModelConfig config = ConfigOf(Read(GetParam()));
  const int64_t parameters = edge::CountParameters(config);
  EXPECT_EQ(Stated(GetParam(), "parameters"), parameters);
  EXPECT_EQ(Stated(GetParam(), "F32 bytes"), 4 * parameters);
  EXPECT_EQ(Stated(GetParam(), "F16 bytes"), 2 * parameters);
  EXPECT_EQ(Stated(GetParam(), "key-value cache bytes"), CacheBytes(config));
}

// 20 tokens for each parameter, within a tenth (Hoffmann et al. 2022).
TEST_P(Preset, ReadsTwentyTokensForEachParameter) {
  const v1::Pipeline pipeline = Read(GetParam());
  const v1::PretrainSpec& spec = Job(pipeline, "pretrain").pretrain();
  const double tokens = 1.0 * spec.steps() * spec.batch_sequences() * spec.model().max_seq_len();
  EXPECT_NEAR(tokens / static_cast<double>(edge::CountParameters(ConfigOf(pipeline))), 20, 2);
}

INSTANTIATE_TEST_SUITE_P(All, Preset, testing::Values("phone", "duo"),
                         [](const auto& preset) { return preset.param; });

TEST(DuoPreset, LeavesRoomOnTheBoard) {
  const edge::ModelConfig config = ConfigOf(Read("duo"));
  EXPECT_LT(4 * edge::CountParameters(config) + CacheBytes(config), 44'000'000);
}

TEST(PhonePreset, IsDeepAndThin) {
  const edge::ModelConfig config = ConfigOf(Read("phone"));
  EXPECT_NEAR(static_cast<double>(edge::CountParameters(config)), 125e6, 1e6);
  EXPECT_GE(config.layers, 30);
  EXPECT_EQ(config.heads, 3 * config.kv_heads);
  EXPECT_TRUE(config.tied_embeddings);
}

}  // namespace
}  // namespace bonsai
