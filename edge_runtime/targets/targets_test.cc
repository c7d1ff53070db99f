// The engine, built by Bazel for every target and run as a process (the foreign ones under qemu-user): it
// gives the same tokens everywhere, greedy and sampled, from a folder and from a bundle.
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "bonsai/v1/target.pb.h"
#include "edge_runtime/engine/bundle.h"
#include "edge_runtime/model/config.h"
#include "edge_runtime/model/json.h"
#include "edge_runtime/model/mapped_file.h"
#include "edge_runtime/model/safetensors.h"
#include "edge_runtime/model/test_data.h"

namespace bonsai::edge {
namespace {

constexpr const char* kTargets[] = {"host", "android-arm64", "duo-64m"};

v1::Target ReadTarget(const std::string& name) {
  std::ifstream in("edge_runtime/targets/" + name + "/target.textproto");
  std::stringstream text;
  text << in.rdbuf();
  v1::Target target;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text.str(), &target)) << name;
  return target;
}

// The engine that Bazel built for the target.
std::string EnginePath(const std::string& target) {
  return target == "host" ? "edge_runtime/engine/bonsai-engine"
                          : "edge_runtime/targets/bonsai-engine-" + target;
}

struct Output {
  int exit_code = -1;
  std::string text;
};

Output Execute(const std::string& command) {
  Output output;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return output;
  char buffer[4096];
  for (size_t got; (got = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) output.text.append(buffer, got);
  const int status = pclose(pipe);
  output.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return output;
}

// `executable` with the target's emulator in front; empty if the emulator is not installed.
std::string Command(const std::string& target, const std::string& executable) {
  std::string command;
  const v1::Target description = ReadTarget(target);
  for (const std::string& word : description.emulator()) {
    if (command.empty() && access(("/usr/bin/" + word).c_str(), X_OK) != 0) return "";
    command += word + " ";
  }
  return command + executable;
}

std::vector<int64_t> TokenIds(const std::string& json) {
  std::string error;
  const auto line = JsonValue::Parse(json, &error);
  std::vector<int64_t> ids;
  EXPECT_TRUE(line && line->Find("token_ids") != nullptr) << json;
  if (!line || line->Find("token_ids") == nullptr) return ids;
  for (const JsonValue& id : line->Find("token_ids")->items()) ids.push_back(id.integer().value_or(-1));
  return ids;
}

// Writes a small random model; returns its folder.
std::string WriteModel(bool no_llama = false) {
  ModelConfig config;
  config.dim = 24;
  config.hidden_dim = 40;
  config.layers = 2;
  config.heads = 4;
  config.kv_heads = 2;
  config.head_dim = 6;
  config.vocab_size = 50;
  config.max_seq_len = 64;
  if (no_llama) {
    config.qk_norm = true;
    config.activation = Activation::kReluSquared;
    config.logit_soft_cap = 2;
    config.layers = 4;
    config.layers_per_weights = 2;
  }
  const std::string folder = testing::TempDir() + (no_llama ? "/no_llama" : "/model");
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/config.json") << WriteHuggingFaceConfig(config, "float32");
  std::mt19937 random(4);
  std::vector<TensorToWrite> tensors;
  std::string data;
  for (const TensorSpec& spec : ListTensors(config)) {
    int64_t elements = 1;
    for (int64_t size : spec.shape) elements *= size;
    for (int64_t i = 0; i < elements; ++i) {
      const float value = static_cast<float>(static_cast<int32_t>(random() % 2001) - 1000) / 2500.0f;
      data.append(reinterpret_cast<const char*>(&value), 4);
    }
    tensors.push_back({spec.name, {DType::kF32, spec.shape, {}}});
  }
  std::ofstream(folder + "/model.safetensors", std::ios::binary) << WriteSafetensorsHeader(tensors) << data;
  return folder;
}

TEST(TargetsTest, DescribeThemselves) {
  for (const std::string name : kTargets) {
    const v1::Target target = ReadTarget(name);
    EXPECT_EQ(target.name(), name);
    EXPECT_FALSE(target.description().empty());
    EXPECT_FALSE(target.compiler().empty());
    EXPECT_NE(std::find(target.compile_flags().begin(), target.compile_flags().end(), "-ffp-contract=off"),
              target.compile_flags().end());
    EXPECT_EQ(target.emulator().empty(), name == "host");
    // The ELF header of what Bazel built names the same machine.
    std::ifstream engine(EnginePath(name), std::ios::binary);
    char header[20] = {};
    engine.read(header, sizeof(header));
    EXPECT_EQ(static_cast<uint8_t>(header[18]), target.elf_machine()) << name;
  }
}

TEST(TargetsTest, AllGiveTheGreedyTokensOfATrainedModel) {
  BONSAI_FIND_TEST_DATA(model, "models/llama2xs/model.bin");
  BONSAI_FIND_TEST_DATA(golden_path, "models/llama2xs/golden_greedy256.json");
  std::string error;
  const auto file = MappedFile::Open(golden_path, &error);
  const auto golden = JsonValue::Parse(file->text(), &error);
  ASSERT_TRUE(golden.has_value()) << error;
  for (const std::string target : kTargets) {
    const std::string command = Command(target, EnginePath(target));
    if (command.empty()) GTEST_SKIP() << "skipped: no emulator (" << ReadTarget(target).emulator(0) << ")";
    const size_t tokens = target == "host" ? 256 : 64;  // emulated arithmetic is slow
    const Output output = Execute(command + " bench --model " + model +
                                  " --prompt-ids 1 --runs 1 --warmup 0 --tokens " + std::to_string(tokens));
    ASSERT_EQ(output.exit_code, 0) << target << ": " << output.text;
    const std::vector<int64_t> ids = TokenIds(output.text);
    ASSERT_EQ(ids.size(), tokens) << target;
    for (size_t i = 0; i < tokens; ++i) {
      ASSERT_EQ(ids[i], golden->Find("steps")->items()[i].Find("argmax")->integer())
          << target << " token " << i;
    }
  }
}

void ExpectTheSameTokensOfABundle(const std::string& folder) {
  std::ofstream(folder + "/bundle.json") << "{}";
  const std::string host = EnginePath("host");
  const std::string greedy = " --prompt-ids 1,2,3 --tokens 40 --json";
  const std::string sampled = greedy + " --temperature 1 --top-p 0.95 --seed 42 --threads 2";
  const Output wanted_greedy = Execute(host + " generate --model " + folder + greedy);
  const Output wanted_sampled = Execute(host + " generate --model " + folder + sampled);
  ASSERT_EQ(wanted_greedy.exit_code, 0) << wanted_greedy.text;
  EXPECT_GT(TokenIds(wanted_greedy.text).size(), 0u);
  EXPECT_NE(wanted_greedy.text, wanted_sampled.text);
  for (const std::string target : kTargets) {
    const std::string bundle = testing::TempDir() + "/bundle-" + target;
    std::string error;
    ASSERT_TRUE(WriteBundle(bundle, EnginePath(target),
                            {{kBundleConfig, folder + "/config.json"},
                             {kBundleWeights, folder + "/model.safetensors"},
                             {kBundleDescription, folder + "/bundle.json"}},
                            &error))
        << error;
    const std::string command = Command(target, bundle);
    if (command.empty()) GTEST_SKIP() << "skipped: no emulator (" << ReadTarget(target).emulator(0) << ")";
    EXPECT_EQ(Execute(command + " generate" + greedy).text, wanted_greedy.text) << target;
    EXPECT_EQ(Execute(command + " generate" + sampled).text, wanted_sampled.text) << target;
    EXPECT_EQ(Execute(command + " info").exit_code, 0) << target;
  }
}

TEST(TargetsTest, ABundleRunsByItselfAndGivesTheSameTokens) { ExpectTheSameTokensOfABundle(WriteModel()); }

TEST(TargetsTest, SoDoesOneOfAModelThatIsNoLlama) {
  ExpectTheSameTokensOfABundle(WriteModel(/*no_llama=*/true));
}

TEST(TargetsTest, BadUseGivesOneLineAndACode) {
  const std::string host = EnginePath("host"), folder = WriteModel();
  const struct {
    std::string arguments, message;
    int code;
  } cases[] = {
      {"", "a verb is missing", 64},
      {"bench --tokens 0", "--tokens is \"0\"", 64},
      {"bench", "no model is appended to this file", 65},
      {"bench --model /no/such/folder", "/no/such/folder/config.json: No such file", 65},
      {"bench --bundle " + folder + "/config.json", "no model is appended", 65},
      {"bench --model " + folder + " --prompt hello", "the model has no tokenizer", 64},
      {"bench --model " + folder + " --prompt-ids 1,50 --tokens 5", "token 50; the vocabulary has 50", 64},
      {"bench --model " + folder + " --prompt-ids 1 --tokens 65", "the model has 64 positions", 64},
  };
  for (const auto& test : cases) {
    const Output output = Execute(host + " " + test.arguments);
    EXPECT_EQ(output.exit_code, test.code) << test.arguments;
    EXPECT_NE(output.text.find(test.message), std::string::npos) << output.text;
    EXPECT_EQ(std::count(output.text.begin(), output.text.end(), '\n'), 1) << output.text;
  }
  EXPECT_EQ(Execute(host + " bench --model " + folder + " --prompt-ids 1 --tokens 64 --runs 1").exit_code, 0);
}

TEST(TargetsTest, BenchPrintsALineForEachRun) {
  const Output output = Execute(EnginePath("host") + " bench --model " + WriteModel() +
                                " --prompt-ids 1,2,3,4 --tokens 9 --runs 3 --warmup 1 --kernels scalar");
  ASSERT_EQ(output.exit_code, 0) << output.text;
  std::istringstream lines(output.text);
  std::string line, error;
  int runs = 0;
  while (std::getline(lines, line)) {
    const auto run = JsonValue::Parse(line, &error);
    ASSERT_TRUE(run.has_value()) << error;
    EXPECT_EQ(run->Find("prefill_tokens")->integer(), 4);
    EXPECT_EQ(run->Find("decode_tokens")->integer(), 8);
    EXPECT_EQ(TokenIds(line).size(), 9u);
    EXPECT_GT(run->Find("prefill_seconds")->number(), 0);
    EXPECT_GT(run->Find("decode_seconds")->number(), 0);
    EXPECT_GT(run->Find("peak_rss_bytes")->integer(), 1 << 20);
    EXPECT_EQ(run->Find("kernels")->string(), "scalar");
    ++runs;
  }
  EXPECT_EQ(runs, 3);
}

}  // namespace
}  // namespace bonsai::edge
