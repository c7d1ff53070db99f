#include "evaluator/bench/llama_perplexity.h"

#include <fstream>
#include <iterator>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

TEST(LlamaPerplexity, WritesTasksWhereTheHeaderSays) {
  const std::string bytes = WriteMultipleChoiceFile({{"Q", {" a", " bc"}}, {"R?", {" d"}}});
  const auto number = [&](size_t at) {
    uint32_t value = 0;
    for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
    return value;
  };
  EXPECT_EQ(number(0), 2u);
  EXPECT_EQ(number(4), 12u);
  const size_t second = number(8);
  const std::string first = bytes.substr(12, second - 12);
  const std::string answers("\2\0\0\0\1\0\0\0a\2\0\0\0bc\1\0\0\0\0\0\0\0", 23);
  EXPECT_EQ(first, std::string("\1\0\0\0Q", 5) + answers + answers);
  EXPECT_EQ(bytes.substr(second, 6), std::string("\2\0\0\0R?", 6));
}

TEST(LlamaPerplexity, ItsCommandNamesModelFileTasksAndThreads) {
  EXPECT_THAT(LlamaPerplexityCommand("llama-perplexity", "m.gguf", "q.bin", 20, 512, 2),
              testing::ElementsAre("llama-perplexity", "--model", "m.gguf", "--multiple-choice",
                                   "--multiple-choice-tasks", "20", "--binary-file", "q.bin", "--ctx-size",
                                   "512", "--threads", "2"));
}

TEST(LlamaPerplexity, MeasuresACommandAndSaysWhyOneFailed) {
  const std::string log = testing::TempDir() + "/log";
  const auto seconds = MeasureCommand({"/bin/sh", "-c", "echo done"}, log);
  ASSERT_TRUE(seconds.ok()) << seconds.status();
  EXPECT_GE(*seconds, 0);
  EXPECT_EQ(ReadFile(log), "done\n");
  EXPECT_EQ(MeasureCommand({"/no/such/program"}, log).status().message(),
            "/no/such/program cannot be started");
  EXPECT_THAT(std::string(MeasureCommand({"/bin/sh", "-c", "exit 3"}, log).status().message()),
              testing::HasSubstr("ended with status"));
}

}  // namespace
}  // namespace bonsai
