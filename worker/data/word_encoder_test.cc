#include "worker/data/word_encoder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "worker/data/byte_level_training.h"
#include "worker/data/c4_texts_testing.h"
#include "worker/data/sentencepiece_testing.h"

namespace bonsai {
namespace {

std::unique_ptr<edge::Tokenizer> Parse(const std::string& model) {
  std::string error;
  auto tokenizer =
      edge::Tokenizer::Parse({reinterpret_cast<const uint8_t*>(model.data()), model.size()}, &error);
  EXPECT_NE(tokenizer, nullptr) << error;
  return tokenizer;
}

// Strings of words, spaces, characters and bytes that are none.
std::vector<std::string> RandomTextsForTest(int rounds) {
  static const char* const kParts[] = {" ",
                                       "  ",
                                       "   ",
                                       "\t",
                                       "\n",
                                       "\n\n",
                                       "a",
                                       "the",
                                       "ing",
                                       "<s>",
                                       "<0x41>",
                                       "\xE2\x96\x81",
                                       "\xEF\xBF\xBD",
                                       "\xC3\xA9",
                                       "e\xCC\x81",
                                       "\xEF\xAC\x81",
                                       "\xF0\x9F\x98\x80",
                                       "\xFF",
                                       "\xE2\x96",
                                       "\xE4\xBD\xA0\xE5\xA5\xBD",
                                       "\xC2\xA0",
                                       "\xE3\x80\x80",
                                       "x",
                                       "1",
                                       "1984",
                                       "don't",
                                       ", and",
                                       ".\n",
                                       "http://www.",
                                       "pneumonoultra"};
  std::mt19937 random(11);
  std::vector<std::string> texts;
  for (int round = 0; round < rounds; ++round) {
    std::string text;
    for (size_t part = random() % 40; part > 0; --part) {
      text += random() % 10 == 0 ? std::string(1, static_cast<char>(random() % 255 + 1))
                                 : kParts[random() % std::size(kParts)];
    }
    texts.push_back(text);
  }
  texts.push_back(std::string(5000, 'x'));
  texts.push_back(std::string(300, ' '));
  return texts;
}

// SentencePiece's library and the word encoder of one model.
class Pair {
 public:
  explicit Pair(const std::string& model)
      : library_(model), tokenizer_(Parse(model)), encoder_(*tokenizer_) {}

  bool by_word() const { return encoder_.by_word(); }

  void ExpectSame(const std::string& text) {
    const std::vector<int> theirs = library_.Encode(text);
    std::vector<uint16_t> ids = {7};
    encoder_.Encode(text, &ids);
    ASSERT_EQ(ids.front(), 7) << "ids are appended";
    ids.erase(ids.begin());
    ASSERT_EQ(ids, std::vector<uint16_t>(theirs.begin(), theirs.end()))
        << "\"" << text.substr(0, 200) << "\"";
  }

  void ExpectSameOnRandomText(int rounds) {
    for (const std::string& text : RandomTextsForTest(rounds)) ExpectSame(text);
  }

 private:
  const SentencePieceForTest library_;
  const std::unique_ptr<edge::Tokenizer> tokenizer_;
  WordEncoder encoder_;
};

std::vector<std::string> StoriesForTest(int count) {
  static const char* const kWords[] = {
      "the",     "tree",     "grows", "slowly", "in",          "a",     "small",   "pot",
      "1984",    "water",    "and",   "light,", "caf\xC3\xA9", "don't", "(roots)", "\xE7\x9B\x86\xE6\xA0\xBD",
      "pruning", "watering", "the.",  "a\nb"};
  std::mt19937 random(5);
  std::vector<std::string> texts;
  for (int i = 0; i < count; ++i) {
    std::string text;
    for (int j = 0; j < 60; ++j) text += std::string(kWords[random() % std::size(kWords)]) + " ";
    texts.push_back(text);
  }
  return texts;
}

TEST(WordEncoder, GivesSentencePiecesIdsForAnyText) {
  const std::vector<std::string> texts = StoriesForTest(60);
  Pair pair(SentencePieceForTest::Train(texts, 330));
  ASSERT_TRUE(pair.by_word());
  for (int pass = 0; pass < 2; ++pass) {
    for (const char* text : {"", " ", "  ", "a ", " a", "a  b", "\n", " \n ", "\t\t",
                             "a\xE2\x96\x81"
                             "b",
                             "   ", "the\n", "1 2", "the ", "\xE2\x96\x81"}) {
      pair.ExpectSame(text);
    }
    for (const std::string& text : texts) pair.ExpectSame(text);
    pair.ExpectSame(std::string("a\0b \0", 5));
    pair.ExpectSameOnRandomText(1500);
  }
}

TEST(WordEncoder, GivesSentencePiecesIdsOnAllOfC4) {
  const std::vector<std::string> texts = AllC4TextsForTest();
  if (texts.empty()) GTEST_SKIP() << "skipped: no data (c4 below BONSAI_TEST_DATA/data)";
  Pair pair(SentencePieceForTest::Train({texts.begin(), texts.begin() + 1000}, 4000));
  ASSERT_TRUE(pair.by_word());
  for (const std::string& text : texts) pair.ExpectSame(text);
  pair.ExpectSameOnRandomText(1000);
}

TEST(WordEncoder, GivesSentencePiecesIdsWithAVocabularyThatHasRunsOfSpaces) {
  std::ifstream in(TestDataFolder() + "/models/tok_llama2/tokenizer.model", std::ios::binary);
  std::stringstream model;
  model << in.rdbuf();
  const std::vector<std::string> texts =
      C4TextsForTest(TestDataFolder() + "/c4/c4-validation.00000-of-00001.json.gz");
  if (model.str().empty() || texts.empty()) {
    GTEST_SKIP() << "skipped: no data (models/tok_llama2 and c4 below BONSAI_TEST_DATA/data)";
  }
  Pair pair(model.str());
  ASSERT_TRUE(pair.by_word());
  for (const std::string& text : texts) pair.ExpectSame(text);
  pair.ExpectSameOnRandomText(3000);
}

// The tokenizer and its word encoder, on texts that are asked for twice.
void ExpectSameIds(const edge::Tokenizer& tokenizer, const std::vector<std::string>& texts) {
  WordEncoder encoder(tokenizer);
  ASSERT_TRUE(encoder.by_word());
  for (int pass = 0; pass < 2; ++pass) {
    for (const std::string& text : texts) {
      const std::vector<int32_t> expected = tokenizer.Encode(text);
      std::vector<uint16_t> ids;
      encoder.Encode(text, &ids);
      ASSERT_EQ(std::vector<int32_t>(ids.begin(), ids.end()), expected) << text.substr(0, 200);
    }
  }
}

TEST(WordEncoder, GivesAByteLevelTokenizersIdsForAnyText) {
  ByteLevelTraining training([] { return false; });
  std::vector<std::string> texts = StoriesForTest(60);
  for (const std::string& text : texts) training.Add(text);
  const auto tokenizer = Parse(edge::WriteTokenizerJson(training.Train(330).value()));
  for (const std::string& text : RandomTextsForTest(1500)) texts.push_back(text);
  texts.insert(texts.end(), {"", " ", "\n", "  a", std::string("a\0b \0", 5), "\xE2\x96\x81", "'s'"});
  ExpectSameIds(*tokenizer, texts);
}

TEST(WordEncoder, GivesGpt2sIdsOnAllOfC4) {
  const auto read = [](const std::string& name) {
    std::stringstream text;
    text << std::ifstream(TestDataFolder() + "/models/tok_gpt2/" + name, std::ios::binary).rdbuf();
    return text.str();
  };
  const std::vector<std::string> texts = AllC4TextsForTest();
  const std::string vocab = read("gpt2-vocab.json");
  if (vocab.empty() || texts.empty()) {
    GTEST_SKIP() << "skipped: no data (models/tok_gpt2 and c4 below BONSAI_TEST_DATA/data)";
  }
  std::string error;
  const auto tokenizer = edge::Tokenizer::ParseGpt2(vocab, read("gpt2-merges.txt"), &error);
  ASSERT_NE(tokenizer, nullptr) << error;
  ExpectSameIds(*tokenizer, texts);
}

}  // namespace
}  // namespace bonsai
