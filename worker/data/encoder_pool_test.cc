#include "worker/data/encoder_pool.h"

#include <gtest/gtest.h>

#include <memory>

#include "worker/data/sentencepiece_testing.h"

namespace bonsai {
namespace {

std::unique_ptr<edge::Tokenizer> TokenizerForTest() {
  const std::string model =
      SentencePieceForTest::Train({"the tree grows in the pot", "the pot is small"}, 290);
  std::string error;
  auto tokenizer =
      edge::Tokenizer::Parse({reinterpret_cast<const uint8_t*>(model.data()), model.size()}, &error);
  EXPECT_NE(tokenizer, nullptr) << error;
  return tokenizer;
}

TEST(EncoderPool, GivesEachBlockItsDocumentsBetweenBosAndEosForAnyNumberOfThreads) {
  const auto tokenizer = TokenizerForTest();
  for (int threads : {1, 2, 7}) {
    EncoderPool pool(*tokenizer, threads);
    std::vector<std::future<EncodedBlock>> blocks;
    for (int i = 0; i < 50; ++i) {
      blocks.push_back(pool.Encode({std::string(static_cast<size_t>(i), 't') + " tree", "", "pot"}));
    }
    for (int i = 0; i < 50; ++i) {
      const EncodedBlock block = blocks[static_cast<size_t>(i)].get();
      std::vector<uint16_t> expected;
      std::vector<uint64_t> ends;
      for (const std::string& text :
           {std::string(static_cast<size_t>(i), 't') + " tree", std::string(), std::string("pot")}) {
        expected.push_back(1);
        for (int32_t id : tokenizer->Encode(text)) expected.push_back(static_cast<uint16_t>(id));
        expected.push_back(2);
        ends.push_back(expected.size());
      }
      ASSERT_EQ(block.ids, expected);
      ASSERT_EQ(block.documents.size(), 3u);
      for (size_t d = 0; d < 3; ++d) EXPECT_EQ(block.documents[d].end, ends[d]);
      EXPECT_EQ(block.documents[0].text_bytes, static_cast<uint64_t>(i) + 5);
    }
  }
}

TEST(EncoderPool, EndsWithBlocksThatNobodyTook) {
  const auto tokenizer = TokenizerForTest();
  std::vector<std::future<EncodedBlock>> blocks;
  {
    EncoderPool pool(*tokenizer, 2);
    for (int i = 0; i < 200; ++i) blocks.push_back(pool.Encode({std::string(2000, 'x')}));
  }
  // Each was either encoded or dropped; none is waited for.
  for (std::future<EncodedBlock>& block : blocks) {
    EXPECT_EQ(block.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  }
}

}  // namespace
}  // namespace bonsai
