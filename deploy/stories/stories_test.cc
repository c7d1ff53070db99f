#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "deploy/stories/data_folder.h"
#include "deploy/stories/story.h"

namespace bonsai {
namespace {

std::string Contents(const std::string& path) {
  std::stringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

std::string Inflated(const std::string& path) {
  std::string text(32 << 20, '\0');
  gzFile file = gzopen(path.c_str(), "rb");
  const int n = gzread(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  text.resize(n);
  return text;
}

TEST(Grammar, FillsSlotsAndKeepsBindings) {
  Grammar grammar(1);
  grammar.Bind("name", "Ada");
  grammar.Bind("thing", "old map");
  EXPECT_EQ(grammar.Expand("{name} lost {a thing}. where is {name}?"), "Ada lost an old map. Where is Ada?");
  EXPECT_EQ(WithArticle("brass key"), "a brass key");
  const Words three = grammar.PickDifferent({"a", "b", "c"}, 3);
  EXPECT_THAT(three, testing::UnorderedElementsAre("a", "b", "c"));
}

TEST(Stories, HaveNoOpenSlotsAndManyDifferentWords) {
  Grammar grammar(7);
  std::set<std::string> words, stories;
  for (int i = 0; i < 2000; ++i) {
    const std::string story = MakeStory(grammar);
    ASSERT_EQ(story.find_first_of("{}"), std::string::npos) << story;
    ASSERT_EQ(story.find("  "), std::string::npos) << story;
    ASSERT_GT(story.size(), 100u);
    stories.insert(story);
    std::istringstream stream(story);
    for (std::string word; stream >> word;) words.insert(word);
  }
  EXPECT_EQ(stories.size(), 2000u);
  EXPECT_GT(words.size(), 1500u);
}

TEST(Questions, HaveOneRightAnswerThatTheContextNames) {
  Grammar grammar(3);
  std::set<size_t> answers;
  for (int i = 0; i < 500; ++i) {
    const MadeQuestion question = MakeQuestion(grammar);
    ASSERT_EQ(question.choices.size(), 5u);
    ASSERT_EQ(std::set<std::string>(question.choices.begin(), question.choices.end()).size(), 5u);
    const std::string stem = Capitalize(question.stem);
    std::string right = question.choices[question.answer];
    EXPECT_TRUE(question.stem.find(right.substr(1)) != std::string::npos) << question.stem << " / " << right;
    answers.insert(question.answer);
  }
  EXPECT_EQ(answers.size(), 5u);
}

TEST(Instructions, AreAnswered) {
  Grammar grammar(4);
  for (int i = 0; i < 500; ++i) {
    const MadeInstruction made = MakeInstruction(grammar);
    ASSERT_FALSE(made.instruction.empty());
    ASSERT_FALSE(made.output.empty());
    ASSERT_EQ((made.instruction + made.input + made.output).find_first_of("{}"), std::string::npos);
  }
}

TEST(DataFolder, IsTheSameForTheSameSeedAndHoldsOutItsValidation) {
  DataFolderOptions options;
  options.train_bytes = 200000;
  options.validation_bytes = 50000;
  options.instructions = 200;
  options.questions = 50;
  const std::vector<std::string> files = {
      "/c4/c4-train.00000-of-00001.json.gz", "/c4/c4-validation.00000-of-00001.json.gz",
      "/alpaca/alpaca_data.json", "/eval/commonsenseqa/dev_rand_split.jsonl"};
  std::string error;
  for (const char* name : {"/a", "/b", "/c"}) {
    options.folder = testing::TempDir() + name;
    options.seed = std::string(name) == "/c" ? 2 : 1;
    ASSERT_TRUE(WriteDataFolder(options, &error)) << error;
  }
  for (const std::string& file : files) {
    const std::string bytes = Contents(testing::TempDir() + "/a" + file);
    EXPECT_GT(bytes.size(), 1000u) << file;
    EXPECT_TRUE(bytes == Contents(testing::TempDir() + "/b" + file)) << file;
    EXPECT_FALSE(bytes == Contents(testing::TempDir() + "/c" + file)) << file;
  }
  std::set<std::string> train;
  std::istringstream lines(Inflated(testing::TempDir() + "/a" + files[0]));
  for (std::string line; std::getline(lines, line);) train.insert(line);
  std::istringstream held_out(Inflated(testing::TempDir() + "/a" + files[1]));
  int stories = 0;
  for (std::string line; std::getline(held_out, line); ++stories) EXPECT_EQ(train.count(line), 0u);
  EXPECT_GT(stories, 30);
}

TEST(DataFolder, SaysWhatItCannotWrite) {
  DataFolderOptions options;
  options.folder = "/proc/no/such";
  std::string error;
  EXPECT_FALSE(WriteDataFolder(options, &error));
  EXPECT_NE(error.find("/proc/no/such"), std::string::npos);
}

}  // namespace
}  // namespace bonsai
