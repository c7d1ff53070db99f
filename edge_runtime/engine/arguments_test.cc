#include "edge_runtime/engine/arguments.h"

#include <gtest/gtest.h>

namespace bonsai::edge {
namespace {

std::string ErrorOf(std::vector<const char*> words) {
  EngineArguments arguments;
  std::string error;
  EXPECT_FALSE(ParseArguments(words, &arguments, &error));
  EXPECT_EQ(error.find('\n'), std::string::npos);
  return error;
}

EngineArguments ParseOrDie(std::vector<const char*> words) {
  EngineArguments arguments;
  std::string error;
  EXPECT_TRUE(ParseArguments(words, &arguments, &error)) << error;
  return arguments;
}

TEST(ArgumentsTest, ReadsEveryArgument) {
  const EngineArguments bench =
      ParseOrDie({"bench", "--prompt", "--x", "--tokens=7", "--runs", "5", "--warmup=0", "--threads", "2",
                  "--kernels", "scalar", "--bundle", "b"});
  EXPECT_EQ(bench.verb, Verb::kBench);
  EXPECT_EQ(bench.prompt, "--x");
  EXPECT_EQ(bench.tokens, 7);
  EXPECT_EQ(bench.runs, 5);
  EXPECT_EQ(bench.warmup, 0);
  EXPECT_EQ(bench.threads, 2);
  EXPECT_EQ(bench.kernels, KernelSet::kScalar);
  EXPECT_EQ(bench.bundle, "b");
  const EngineArguments generate =
      ParseOrDie({"generate", "--model=m", "--prompt-ids", "1,403,2", "--temperature", "0.8", "--top-p",
                  "0.95", "--seed", "18446744073709551615", "--json"});
  EXPECT_EQ(generate.prompt_ids, (std::vector<int32_t>{1, 403, 2}));
  EXPECT_EQ(generate.sampling.temperature, 0.8f);
  EXPECT_EQ(generate.sampling.top_p, 0.95f);
  EXPECT_EQ(generate.sampling.seed, UINT64_MAX);
  EXPECT_TRUE(generate.json);
  EXPECT_EQ(ParseOrDie({"--help"}).verb, Verb::kHelp);
  EXPECT_EQ(ParseOrDie({"bench", "--help"}).verb, Verb::kHelp);
}

TEST(ArgumentsTest, NamesTheArgumentThatIsWrong) {
  EXPECT_EQ(ErrorOf({}), "a verb is missing: generate, bench, info or help");
  EXPECT_EQ(ErrorOf({"run"}), "the first argument is \"run\"; it must be generate, bench, info or help");
  EXPECT_EQ(ErrorOf({"bench", "--tokens", "0"}), "--tokens is \"0\"; it must be a number from 1 to 16777216");
  EXPECT_EQ(ErrorOf({"bench", "--tokens"}), "--tokens is \"\"; it must be a number from 1 to 16777216");
  EXPECT_EQ(ErrorOf({"bench", "--prompt"}), "--prompt lacks its value");
  EXPECT_EQ(ErrorOf({"bench", "--tokens", "5x"}),
            "--tokens is \"5x\"; it must be a number from 1 to 16777216");
  EXPECT_NE(ErrorOf({"bench", "--temperature", "nan"}).find("--temperature"), std::string::npos);
  EXPECT_NE(ErrorOf({"bench", "--temperature", "-1"}).find("--temperature"), std::string::npos);
  EXPECT_NE(ErrorOf({"bench", "--top-p", "1.5"}).find("--top-p"), std::string::npos);
  EXPECT_NE(ErrorOf({"bench", "--threads", "1000"}).find("--threads"), std::string::npos);
  EXPECT_EQ(ErrorOf({"bench", "--speed", "1"}),
            "unknown argument \"--speed\"; bonsai-engine help lists them");
  EXPECT_EQ(ErrorOf({"bench", "stray"}), "unknown argument \"stray\"; bonsai-engine help lists them");
  for (const char* ids : {"", ",", "1,,2", "1,x", "-1", "99999999999"}) {
    EXPECT_NE(ErrorOf({"bench", "--prompt-ids", ids}).find("separated by commas"), std::string::npos) << ids;
  }
  EXPECT_EQ(ErrorOf({"bench", "--model", "a", "--bundle", "b"}), "--model and --bundle exclude each other");
  EXPECT_NE(ErrorOf({"bench", "--kernels", "sse"}).find("avx512"), std::string::npos);
}

}  // namespace
}  // namespace bonsai::edge
