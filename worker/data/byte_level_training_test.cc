#include "worker/data/byte_level_training.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

namespace bonsai {
namespace {

using testing::HasSubstr;

ByteLevelTraining Training() {
  return ByteLevelTraining([] { return false; });
}

std::vector<std::string> Learnt(const edge::ByteLevelVocabulary& vocabulary) {
  std::vector<std::string> pieces;
  for (size_t id = 258; id < vocabulary.pieces.size(); ++id) pieces.push_back(vocabulary.pieces[id].bytes);
  return pieces;
}

std::unique_ptr<edge::Tokenizer> Load(const edge::ByteLevelVocabulary& vocabulary) {
  const std::string json = WriteTokenizerJson(vocabulary);
  std::string error;
  auto tokenizer =
      edge::Tokenizer::Parse({reinterpret_cast<const uint8_t*>(json.data()), json.size()}, &error);
  EXPECT_NE(tokenizer, nullptr) << error;
  return tokenizer;
}

// The definition, without counts that are kept up to date: every step counts all pairs of all words anew.
std::vector<std::string> LearnSlowly(const std::vector<std::string>& words, size_t merges) {
  std::vector<std::vector<int>> symbols;
  for (const std::string& word : words) {
    symbols.emplace_back();
    for (const char byte : word) symbols.back().push_back(2 + static_cast<unsigned char>(byte));
  }
  std::vector<std::string> bytes(258), learnt;
  for (size_t i = 0; i < 256; ++i) bytes[2 + i] = std::string(1, static_cast<char>(i));
  while (learnt.size() < merges) {
    std::map<std::pair<int, int>, int> counts;
    for (const auto& word : symbols) {
      for (size_t i = 0; i + 1 < word.size(); ++i) ++counts[{word[i], word[i + 1]}];
    }
    std::pair<int, int> best;
    int most = 1;
    for (const auto& [pair, count] : counts) {
      const std::string joined = bytes[pair.first] + bytes[pair.second];
      if (count <= most || std::find(learnt.begin(), learnt.end(), joined) != learnt.end()) continue;
      best = pair;
      most = count;
    }
    if (most == 1) break;
    const int made = static_cast<int>(bytes.size());
    learnt.push_back(bytes[best.first] + bytes[best.second]);
    bytes.push_back(learnt.back());
    for (auto& word : symbols) {
      for (size_t i = 0; i + 1 < word.size(); ++i) {
        if (word[i] != best.first || word[i + 1] != best.second) continue;
        word[i] = made;
        word.erase(word.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      }
    }
  }
  return learnt;
}

TEST(ByteLevelTraining, LearnsTheMostFrequentPairs) {
  ByteLevelTraining training = Training();
  training.Add("low low low lower lower newest newest newest newest newest widest widest widest");
  const auto vocabulary = training.Train(258 + 4);
  ASSERT_TRUE(vocabulary.ok()) << vocabulary.status();
  EXPECT_EQ(vocabulary->pieces[0].bytes, "<s>");
  EXPECT_TRUE(vocabulary->pieces[1].special);
  // "es" and "st" are there 8 times each, "es" + "t" too then; " n", "ew", "lo" and others 5 times.
  EXPECT_EQ(Learnt(*vocabulary), (std::vector<std::string>{"es", "est", " n", "ew"}));
}

TEST(ByteLevelTraining, LearnsWhatTheDefinitionSaysOnRandomWords) {
  for (uint32_t seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    std::vector<std::string> words;
    std::string text;
    for (int i = 0; i < 60; ++i) {
      words.emplace_back();
      for (size_t size = 1 + random() % 9; size > 0; --size) words.back() += "abc"[random() % (seed % 3 + 1)];
      if (i > 0) words.back() = " " + words.back();
      text += words.back();
    }
    ByteLevelTraining training = Training();
    training.Add(text);
    const std::vector<std::string> expected = LearnSlowly(words, 30);
    const auto vocabulary = training.Train(static_cast<uint32_t>(258 + expected.size()));
    ASSERT_TRUE(vocabulary.ok()) << vocabulary.status();
    EXPECT_EQ(Learnt(*vocabulary), expected) << seed;
    EXPECT_TRUE(training.CheckWords(*Load(*vocabulary)).ok()) << training.CheckWords(*Load(*vocabulary));
  }
}

TEST(ByteLevelTraining, TheOrderOfTheTextsDoesNotMatter) {
  ByteLevelTraining forwards = Training(), backwards = Training();
  std::vector<std::string> texts;
  for (int i = 0; i < 300; ++i)
    texts.push_back("word" + std::to_string(i * i) + " and it's " + std::to_string(i));
  for (size_t i = 0; i < texts.size(); ++i) {
    forwards.Add(texts[i]);
    backwards.Add(texts[texts.size() - 1 - i]);
  }
  EXPECT_EQ(WriteTokenizerJson(*forwards.Train(300)), WriteTokenizerJson(*backwards.Train(300)));
}

TEST(ByteLevelTraining, SaysWhichVocabularyIsPossible) {
  ByteLevelTraining training = Training();
  training.Add("abab abab " + std::string(1000, 'z'));  // no one wrote that
  const absl::Status status = training.Train(1000).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("1010 bytes of this corpus give a vocabulary of at most 260"));
}

TEST(ByteLevelTraining, ATokenizerOfOtherMergesIsFound) {
  ByteLevelTraining training = Training();
  training.Add("tree tree tree");
  auto vocabulary = *training.Train(260);
  vocabulary.merges.pop_back();
  const absl::Status status = training.CheckWords(*Load(vocabulary));
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("tree\""));
}

TEST(ByteLevelTraining, LeavesWhenAskedTo) {
  ByteLevelTraining training([] { return true; });
  training.Add("tree tree tree");
  EXPECT_EQ(training.Train(260).status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace bonsai
