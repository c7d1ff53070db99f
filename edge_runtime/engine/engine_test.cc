#include "edge_runtime/engine/engine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <vector>

#include "edge_runtime/engine/sampler.h"
#include "edge_runtime/model/json.h"
#include "edge_runtime/model/mapped_file.h"
#include "edge_runtime/model/safetensors.h"
#include "edge_runtime/model/test_data.h"

namespace bonsai::edge {
namespace {

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

JsonValue ReadJson(const std::string& path) {
  std::string error;
  const auto file = MappedFile::Open(path, &error);
  return JsonValue::Parse(file->text(), &error).value_or(JsonValue());
}

double LogSumExp(std::span<const float> logits) {
  double sum = 0;
  for (const float logit : logits) sum += std::exp(double{logit});
  return std::log(sum);
}

std::unique_ptr<Session> MakeSession(const Model& model, const SessionOptions& options = {}) {
  std::string error;
  auto session = Session::Create(model, options, &error);
  EXPECT_NE(session, nullptr) << error;
  return session;
}

// A small model of odd sizes with random weights, as a config and a safetensors file.
struct RandomModel {
  ModelConfig config;
  std::string config_json, weights;
  std::unique_ptr<Model> model;

  explicit RandomModel(int32_t heads = 6, int32_t kv_heads = 2, bool tied = false, float poison = 0,
                       bool all_options = false) {
    config.dim = heads * 6;
    config.hidden_dim = 51;
    config.layers = 2;
    config.heads = heads;
    config.kv_heads = kv_heads;
    config.head_dim = 6;
    config.vocab_size = 77;
    config.max_seq_len = 150;
    config.tied_embeddings = tied;
    if (all_options) {
      config.qk_norm = true;
      config.activation = Activation::kReluSquared;
      config.logit_soft_cap = 1.5f;
      config.layers = 4;
      config.layers_per_weights = 2;
    }
    std::mt19937 random(11);
    std::normal_distribution<float> normal(0.0f, 0.15f);
    std::vector<TensorToWrite> tensors;
    std::string data;
    for (const TensorSpec& spec : ListTensors(config)) {
      int64_t elements = 1;
      for (int64_t size : spec.shape) elements *= size;
      for (int64_t i = 0; i < elements; ++i) {
        const float value = spec.shape.size() == 1 ? 1.0f + normal(random) : normal(random);
        const float stored = poison != 0 && i == 3 ? poison : value;
        data.append(reinterpret_cast<const char*>(&stored), 4);
      }
      tensors.push_back({spec.name, {DType::kF32, spec.shape, {}}});
    }
    weights = WriteSafetensorsHeader(tensors) + data;
    config_json = WriteHuggingFaceConfig(config, "float32");
    std::string error;
    model = Model::FromSafetensors(config_json, Bytes(weights), &error);
    EXPECT_NE(model, nullptr) << error;
  }
};

std::vector<int32_t> SomeTokens(int count) {
  std::mt19937 random(5);
  std::vector<int32_t> tokens;
  for (int i = 0; i < count; ++i) tokens.push_back(static_cast<int32_t>(random() % 77));
  return tokens;
}

// The logits of all tokens, taken in chunks.
std::vector<float> Logits(const Model& model, const std::vector<int32_t>& tokens, size_t chunk,
                          const SessionOptions& options = {}) {
  const auto session = MakeSession(model, options);
  const size_t vocab = static_cast<size_t>(model.config().vocab_size);
  std::vector<float> logits(tokens.size() * vocab);
  std::string error;
  for (size_t at = 0; at < tokens.size(); at += chunk) {
    const size_t count = std::min(chunk, tokens.size() - at);
    EXPECT_TRUE(session->Forward(std::span(tokens).subspan(at, count),
                                 std::span(logits).subspan(at * vocab, count * vocab), &error))
        << error;
  }
  return logits;
}

TEST(EngineTest, ReproducesATrainedModelsGreedyTokens) {
  BONSAI_FIND_TEST_DATA(path, "models/llama2xs/model.bin");
  BONSAI_FIND_TEST_DATA(golden_path, "models/llama2xs/golden_greedy256.json");
  const JsonValue golden = ReadJson(golden_path);
  std::string error;
  const auto model = Model::LoadLlama2c(path, &error);
  ASSERT_NE(model, nullptr) << error;
  ASSERT_EQ(golden.Find("steps")->items().size(), 256u);
  for (const KernelSet kernels : {KernelSet::kScalar, KernelSet::kAuto}) {
    const auto session = MakeSession(*model, {.kernels = kernels});
    std::vector<float> logits(512);
    int32_t token = 1;
    for (const JsonValue& step : golden.Find("steps")->items()) {
      ASSERT_EQ(token, step.Find("in")->integer());
      ASSERT_TRUE(session->Forward({&token, 1}, logits, &error)) << error;
      token = GreedyToken(logits);
      ASSERT_EQ(token, step.Find("argmax")->integer());
      ASSERT_NEAR(logits[static_cast<size_t>(token)] - LogSumExp(logits), step.Find("logprob")->number(),
                  1e-3);
    }
  }
}

TEST(EngineTest, ReproducesTheLogitsOfAHuggingFaceModel) {
  BONSAI_FIND_TEST_DATA(path, "models/tiny_llama_hf_random/golden_logits_own_ref.json");
  const JsonValue golden = ReadJson(path);
  std::string error;
  const auto model = Model::LoadHuggingFace(std::filesystem::path(path).parent_path(), &error);
  ASSERT_NE(model, nullptr) << error;
  std::vector<int32_t> tokens;
  for (const JsonValue& id : golden.Find("tokens")->items())
    tokens.push_back(static_cast<int32_t>(*id.integer()));
  const std::vector<float> logits = Logits(*model, tokens, tokens.size());
  for (const JsonValue& position : golden.Find("positions")->items()) {
    const std::span<const float> row =
        std::span(logits).subspan(static_cast<size_t>(*position.Find("pos")->integer()) * 32000, 32000);
    EXPECT_EQ(GreedyToken(row), position.Find("argmax")->integer());
    EXPECT_NEAR(LogSumExp(row), position.Find("lse")->number(), 1e-4);
    EXPECT_NEAR(*std::max_element(row.begin(), row.end()), position.Find("max")->number(), 1e-4);
    for (size_t i = 0; i < 8; ++i) EXPECT_NEAR(row[i], position.Find("logits0_8")->items()[i].number(), 1e-4);
  }
}

TEST(EngineTest, NeitherThreadsNorChunksNorKernelsChangeABit) {
  const RandomModel random;
  const std::vector<int32_t> tokens = SomeTokens(150);
  const std::vector<float> whole = Logits(*random.model, tokens, tokens.size());
  for (const size_t chunk : {1, 7, 64, 65})
    EXPECT_TRUE(Logits(*random.model, tokens, chunk) == whole) << chunk;
  for (const int threads : {2, 3})
    EXPECT_TRUE(Logits(*random.model, tokens, 50, {.threads = threads}) == whole) << threads;
  EXPECT_TRUE(Logits(*random.model, tokens, 40, {.kernels = KernelSet::kScalar}) == whole);
  std::string error;
  if (Session::Create(*random.model, {.kernels = KernelSet::kAvx2}, &error) != nullptr) {
    EXPECT_TRUE(Logits(*random.model, tokens, 40, {.kernels = KernelSet::kAvx2}) == whole);
  }
}

TEST(EngineTest, NeitherDoTheyWithAllOptionsOfAModelThatIsNoLlama) {
  const RandomModel random(6, 2, false, 0, /*all_options=*/true);
  const std::vector<int32_t> tokens = SomeTokens(150);
  const std::vector<float> whole = Logits(*random.model, tokens, tokens.size());
  for (const size_t chunk : {1, 65}) EXPECT_TRUE(Logits(*random.model, tokens, chunk) == whole) << chunk;
  EXPECT_TRUE(Logits(*random.model, tokens, 50, {.threads = 3}) == whole);
  EXPECT_TRUE(Logits(*random.model, tokens, 40, {.kernels = KernelSet::kScalar}) == whole);
  std::string error;
  if (Session::Create(*random.model, {.kernels = KernelSet::kAvx2}, &error) != nullptr) {
    EXPECT_TRUE(Logits(*random.model, tokens, 40, {.kernels = KernelSet::kAvx2}) == whole);
  }
  for (const float logit : whole) ASSERT_LT(std::abs(logit), 1.5f);
  EXPECT_GT(*std::max_element(whole.begin(), whole.end()), 1.0f);  // else the cap did nothing
}

// A layer's weights that serve two layers are those of two layers that happen to be equal.
TEST(EngineTest, SharedWeightsComputeAsRepeatedOnesDo) {
  RandomModel random(6, 2, false, 0, /*all_options=*/true);
  std::map<std::string, TensorView> tensors;
  std::string error;
  ASSERT_TRUE(ParseSafetensors(Bytes(random.weights), &tensors, &error)) << error;
  ModelConfig config = random.config;
  config.layers_per_weights = 1;
  std::vector<TensorToWrite> repeated;
  std::string data;
  for (const TensorSpec& spec : ListTensors(config)) {
    std::string name = spec.name;
    if (spec.layer >= 0) {
      const std::string from = "layers." + std::to_string(spec.layer) + ".";
      name.replace(name.find(from), from.size(), "layers." + std::to_string(spec.layer / 2) + ".");
    }
    const TensorView& view = tensors.at(name);
    repeated.push_back({spec.name, {DType::kF32, spec.shape, {}}});
    data.append(reinterpret_cast<const char*>(view.data.data()), view.data.size());
  }
  const std::string file = WriteSafetensorsHeader(repeated) + data;
  const auto model = Model::FromSafetensors(WriteHuggingFaceConfig(config, "float32"), Bytes(file), &error);
  ASSERT_NE(model, nullptr) << error;
  EXPECT_TRUE(Logits(*model, SomeTokens(40), 40) == Logits(*random.model, SomeTokens(40), 40));
}

TEST(EngineTest, GivesTheLogitsOfTheLastTokensOnly) {
  const RandomModel random;
  const std::vector<int32_t> tokens = SomeTokens(100);
  const std::vector<float> whole = Logits(*random.model, tokens, 100);
  std::string error;
  for (const size_t rows : {0, 1, 5, 36, 37, 99}) {
    const auto session = MakeSession(*random.model);
    std::vector<float> last(rows * 77);
    ASSERT_TRUE(session->Forward(tokens, last, &error)) << error;
    EXPECT_TRUE(std::equal(last.begin(), last.end(), whole.end() - static_cast<long>(last.size()))) << rows;
    EXPECT_EQ(session->position(), 100);
  }
}

TEST(EngineTest, RewindsToTheSameContinuation) {
  const RandomModel random(4, 4, /*tied=*/true);
  const std::vector<int32_t> tokens = SomeTokens(30);
  const auto session = MakeSession(*random.model, {.positions_max = 40});
  std::string error;
  std::vector<float> first(77), again(77);
  ASSERT_TRUE(session->Forward(tokens, first, &error)) << error;
  session->Rewind(20);
  EXPECT_EQ(session->position(), 20);
  ASSERT_TRUE(session->Forward(std::span(tokens).first(7), {}, &error)) << error;
  session->Rewind(20);
  ASSERT_TRUE(session->Forward(std::span(tokens).subspan(20), again, &error)) << error;
  EXPECT_EQ(first, again);
  session->Rewind(-3);
  EXPECT_EQ(session->position(), 0);
  session->Rewind(3);
  EXPECT_EQ(session->position(), 0);
}

TEST(EngineTest, ARefusedForwardChangesNothing) {
  const RandomModel random;
  const auto session = MakeSession(*random.model, {.positions_max = 5});
  std::string error;
  std::vector<float> logits(77);
  EXPECT_TRUE(session->Forward({}, {}, &error));
  EXPECT_FALSE(session->Forward(SomeTokens(6), logits, &error));
  EXPECT_EQ(error, "6 tokens after 0 exceed 5 positions");
  EXPECT_FALSE(session->Forward(std::vector<int32_t>{1, 77}, logits, &error));
  EXPECT_EQ(error, "token 77; the vocabulary has 77");
  EXPECT_FALSE(session->Forward(std::vector<int32_t>{-1}, logits, &error));
  EXPECT_FALSE(session->Forward(std::vector<int32_t>{1}, std::span(logits).first(76), &error));
  std::vector<float> two(154);
  EXPECT_FALSE(session->Forward(std::vector<int32_t>{1}, two, &error));
  EXPECT_EQ(session->position(), 0);
}

// Branches of random lengths, depth first, over a trunk.
struct RandomTree {
  std::vector<int32_t> tokens, positions;

  RandomTree(int32_t trunk, size_t count) {
    std::mt19937 random(19);
    int32_t position = 0;
    while (tokens.size() < count) {
      tokens.push_back(static_cast<int32_t>(random() % 77));
      positions.push_back(position);
      const bool steps_back = position >= trunk && random() % 3 == 0;
      position = steps_back ? trunk + static_cast<int32_t>(random() % (position - trunk + 1)) : position + 1;
      if (position == 150) position = trunk;
    }
  }
};

TEST(EngineTest, ATreeGivesTheBitsOfItsTokensOneByOne) {
  const RandomModel model(6, 2, false, 0, true);
  const RandomTree tree(40, 333);
  std::string error;
  std::vector<size_t> rows;
  for (size_t i = 2; i < tree.tokens.size(); i += 3) rows.push_back(i);
  const auto plain = MakeSession(*model.model);
  std::vector<float> expected, row(77);
  for (size_t i = 0; i < tree.tokens.size(); ++i) {
    plain->Rewind(tree.positions[i]);
    ASSERT_TRUE(plain->Forward(std::span(tree.tokens).subspan(i, 1), row, &error)) << error;
    if (i % 3 == 2) expected.insert(expected.end(), row.begin(), row.end());
  }
  for (const int threads : {1, 3}) {
    for (const KernelSet kernels : {KernelSet::kAuto, KernelSet::kScalar}) {
      const auto session = MakeSession(*model.model, {.threads = threads, .kernels = kernels});
      std::vector<float> logits(rows.size() * 77);
      ASSERT_TRUE(session->ForwardTree({tree.tokens, tree.positions, rows}, logits, &error)) << error;
      EXPECT_EQ(logits, expected) << threads << " threads";
      EXPECT_EQ(session->position(), tree.positions.back() + 1);
    }
  }
}

TEST(EngineTest, ATreeMayBeCutAnywhere) {
  const RandomModel model;
  const RandomTree tree(10, 100);
  std::string error;
  const std::vector<size_t> last = {99};
  std::vector<float> whole(77), cut(77);
  ASSERT_TRUE(MakeSession(*model.model)->ForwardTree({tree.tokens, tree.positions, last}, whole, &error));
  for (const size_t at : {size_t{1}, size_t{37}, size_t{64}, size_t{98}}) {
    const auto session = MakeSession(*model.model);
    const std::span<const int32_t> tokens = tree.tokens, positions = tree.positions;
    const std::vector<size_t> row = {99 - at};
    ASSERT_TRUE(session->ForwardTree({tokens.first(at), positions.first(at), {}}, {}, &error)) << error;
    ASSERT_TRUE(session->ForwardTree({tokens.subspan(at), positions.subspan(at), row}, cut, &error)) << error;
    EXPECT_EQ(cut, whole) << at;
  }
}

TEST(EngineTest, ATreeMayHoldMoreTokensThanThereArePositions) {
  const RandomModel model;
  const auto session = MakeSession(*model.model, {.positions_max = 3});
  std::vector<int32_t> tokens = {5, 6}, positions = {0, 1};
  for (int32_t branch = 0; branch < 70; ++branch) {
    tokens.push_back(branch);
    positions.push_back(2);
  }
  const std::vector<size_t> last = {71};
  std::vector<float> logits(77), expected(77);
  std::string error;
  ASSERT_TRUE(session->ForwardTree({tokens, positions, last}, logits, &error)) << error;
  ASSERT_TRUE(MakeSession(*model.model)->Forward(std::vector<int32_t>{5, 6, 69}, expected, &error)) << error;
  EXPECT_EQ(logits, expected);
}

TEST(EngineTest, SessionsTogetherGiveTheBitsOfEachAlone) {
  const RandomModel model(6, 2, false, 0, true);
  constexpr size_t kSessions = 70, kSteps = 5;
  for (const int threads : {1, 3}) {
    std::vector<std::unique_ptr<Session>> together, alone;
    std::vector<Session*> group;
    std::string error;
    for (size_t i = 0; i < kSessions; ++i) {
      together.push_back(MakeSession(*model.model, {.threads = i == 0 ? threads : 1}));
      alone.push_back(MakeSession(*model.model));
      group.push_back(together.back().get());
      const std::vector<int32_t> prompt(i % 9, static_cast<int32_t>(i));  // sequences of many lengths
      ASSERT_TRUE(together[i]->Forward(prompt, {}, &error) && alone[i]->Forward(prompt, {}, &error)) << error;
    }
    for (size_t step = 0; step < kSteps; ++step) {
      std::vector<int32_t> tokens;
      for (size_t i = 0; i < kSessions; ++i) tokens.push_back(static_cast<int32_t>((i * 31 + step * 7) % 77));
      std::vector<float> logits(kSessions * 77), row(77);
      ASSERT_TRUE(Session::ForwardEach(group, tokens, logits, &error)) << error;
      for (size_t i = 0; i < kSessions; ++i) {
        ASSERT_TRUE(alone[i]->Forward(std::span(tokens).subspan(i, 1), row, &error)) << error;
        ASSERT_TRUE(std::equal(row.begin(), row.end(), logits.begin() + static_cast<ptrdiff_t>(i * 77)));
        ASSERT_EQ(together[i]->position(), alone[i]->position());
      }
    }
  }
}

TEST(EngineTest, ACopiedSequenceGoesOnAsTheOneThatItWas) {
  const RandomModel model;
  const std::vector<int32_t> tokens = SomeTokens(40), next = {9};
  std::string error;
  const auto source = MakeSession(*model.model), copy = MakeSession(*model.model);
  ASSERT_TRUE(source->Forward(tokens, {}, &error));
  for (const int32_t positions : {40, 17, 0}) {
    std::vector<float> expected(77), logits(77);
    ASSERT_TRUE(copy->Forward(next, {}, &error));  // something else before
    ASSERT_TRUE(copy->CopyFrom(*source, positions, &error)) << error;
    ASSERT_EQ(copy->position(), positions);
    ASSERT_TRUE(copy->Forward(next, logits, &error));
    const auto plain = MakeSession(*model.model);
    ASSERT_TRUE(plain->Forward(std::span(tokens).first(static_cast<size_t>(positions)), {}, &error));
    ASSERT_TRUE(plain->Forward(next, expected, &error));
    EXPECT_EQ(logits, expected) << positions;
  }
}

TEST(EngineTest, RefusesGroupsThatCannotBe) {
  const RandomModel model, other;
  const auto one = MakeSession(*model.model), two = MakeSession(*model.model),
             full = MakeSession(*model.model, {.positions_max = 1}), foreign = MakeSession(*other.model);
  std::string error;
  std::vector<float> logits(2 * 77);
  const std::vector<int32_t> tokens = {1, 2}, wrong = {1, 77};
  const auto each = [&](std::vector<Session*> group, const std::vector<int32_t>& ids) {
    return Session::ForwardEach(group, ids, logits, &error);
  };
  EXPECT_FALSE(each({one.get(), one.get()}, tokens));
  EXPECT_FALSE(each({one.get(), foreign.get()}, tokens));
  EXPECT_FALSE(each({one.get(), full.get()}, tokens));
  EXPECT_FALSE(each({one.get()}, tokens));
  EXPECT_FALSE(each({one.get(), two.get()}, wrong));
  EXPECT_FALSE(one->CopyFrom(*foreign, 0, &error));
  EXPECT_FALSE(one->CopyFrom(*two, 1, &error));
  EXPECT_EQ(one->position() + two->position(), 0);
  EXPECT_TRUE(each({one.get(), two.get()}, tokens)) << error;
  std::vector<float> row(77);
  ASSERT_TRUE(full->Forward(std::vector<int32_t>{1}, {}, &error));
  EXPECT_FALSE(Session::ForwardEach(std::vector<Session*>{full.get()}, std::vector<int32_t>{1}, row, &error));
}

TEST(EngineTest, RefusesATreeThatIsNone) {
  const RandomModel model;
  const auto session = MakeSession(*model.model, {.positions_max = 4});
  std::string error;
  std::vector<float> logits(77);
  const std::vector<int32_t> tokens = {1, 2, 3}, wrong_ids = {1, 2, 77};
  const auto refused = [&](std::vector<int32_t> positions, std::vector<size_t> rows) {
    return !session->ForwardTree({tokens, positions, rows}, logits, &error) && session->position() == 0;
  };
  EXPECT_TRUE(refused({0, 1}, {0}));        // a position is missing
  EXPECT_TRUE(refused({1, 2, 3}, {0}));     // begins beyond the cache
  EXPECT_TRUE(refused({0, 2, 3}, {0}));     // skips a position
  EXPECT_TRUE(refused({0, -1, 0}, {0}));    // before the first
  EXPECT_TRUE(refused({0, 1, 2}, {3}));     // no such token
  EXPECT_TRUE(refused({0, 1, 2}, {1, 0}));  // not ascending
  EXPECT_TRUE(refused({0, 1, 2}, {0, 1}));  // no room for two rows
  EXPECT_FALSE(session->ForwardTree({wrong_ids, tokens, {}}, {}, &error));
  const std::vector<int32_t> five = {1, 2, 3, 4, 5}, beyond = {0, 1, 2, 3, 4};
  EXPECT_FALSE(session->ForwardTree({five, beyond, {}}, {}, &error));
  EXPECT_NE(error.find("of 4 positions"), std::string::npos) << error;
  EXPECT_FALSE(refused({0, 1, 1}, {2}));  // a tree
}

TEST(EngineTest, ReadsHalfPrecisionWeights) {
  const RandomModel random;
  std::map<std::string, TensorView> tensors;
  std::string error;
  ASSERT_TRUE(ParseSafetensors(Bytes(random.weights), &tensors, &error)) << error;
  // The same numbers, cut to 16 bits, as F32 and as BF16.
  std::vector<TensorToWrite> narrow, wide;
  std::string narrow_data, wide_data;
  for (const auto& [name, view] : tensors) {
    narrow.push_back({name, {DType::kBF16, view.shape, {}}});
    wide.push_back({name, {DType::kF32, view.shape, {}}});
    for (size_t i = 0; i < view.data.size(); i += 4) {
      const std::string high(reinterpret_cast<const char*>(view.data.data()) + i + 2, 2);
      narrow_data += high;
      wide_data += std::string(2, '\0') + high;
    }
  }
  const std::string narrow_file = WriteSafetensorsHeader(narrow) + narrow_data,
                    wide_file = WriteSafetensorsHeader(wide) + wide_data;
  const auto a = Model::FromSafetensors(random.config_json, Bytes(narrow_file), &error);
  ASSERT_NE(a, nullptr) << error;
  const std::string shifted = "x" + wide_file;  // unaligned
  const auto b = Model::FromSafetensors(random.config_json, Bytes(shifted).subspan(1), &error);
  ASSERT_NE(b, nullptr) << error;
  EXPECT_TRUE(Logits(*a, SomeTokens(20), 20) == Logits(*b, SomeTokens(20), 20));
}

TEST(EngineTest, RunsOnWeightsThatAreNotNumbers) {
  for (const float poison :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 3e38f}) {
    const RandomModel random(6, 2, false, poison);
    const std::vector<float> logits = Logits(*random.model, SomeTokens(20), 20, {.threads = 2});
    const int32_t id = GreedyToken(std::span(logits).last(77));
    EXPECT_GE(id, 0);
    EXPECT_LT(id, 77);
  }
}

TEST(EngineTest, NamesTheTensorThatDoesNotFit) {
  const RandomModel random;
  ModelConfig config = random.config;
  config.hidden_dim = 52;
  std::string error;
  EXPECT_EQ(Model::FromSafetensors(WriteHuggingFaceConfig(config, "float32"), Bytes(random.weights), &error),
            nullptr);
  EXPECT_EQ(error,
            "tensor model.layers.0.mlp.gate_proj.weight has shape [51, 36]; the config wants [52, 36]");
  config = random.config;
  config.layers = 3;
  EXPECT_EQ(Model::FromSafetensors(WriteHuggingFaceConfig(config, "float32"), Bytes(random.weights), &error),
            nullptr);
  EXPECT_NE(error.find("model.layers.2.input_layernorm.weight is missing"), std::string::npos) << error;
  EXPECT_EQ(Model::LoadLlama2c(testing::TempDir() + "/absent.bin", &error), nullptr);
  EXPECT_NE(error.find("absent.bin"), std::string::npos);
  std::filesystem::create_directories(testing::TempDir() + "/model");
  std::ofstream(testing::TempDir() + "/model/config.json") << random.config_json;
  std::ofstream(testing::TempDir() + "/model/model.safetensors") << random.weights.substr(0, 5000);
  EXPECT_EQ(Model::LoadHuggingFace(testing::TempDir() + "/model", &error), nullptr);
  EXPECT_NE(error.find("reach beyond"), std::string::npos) << error;
}

TEST(EngineTest, RefusesSessionsThatCannotBe) {
  const RandomModel random;
  std::string error;
  EXPECT_EQ(Session::Create(*random.model, {.positions_max = 151}, &error), nullptr);
  EXPECT_EQ(error, "positions_max is 151; the model has 1 to 150");
  EXPECT_EQ(Session::Create(*random.model, {.threads = 0}, &error), nullptr);
  EXPECT_EQ(error, "threads is 0; it must be 1 to 256");
}

}  // namespace
}  // namespace bonsai::edge
