#include "worker/data/tokenizer_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "edge_runtime/model/tokenizer.h"
#include "runner/fake_runner_context.h"
#include "storage/manifest.h"
#include "worker/data/bpe_training_testing.h"
#include "worker/data/corpus_testing.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

struct Outcome {
  std::unique_ptr<FakeRunnerContext> context;
  absl::Status status;
};

Outcome Train(const std::string& documents, uint32_t vocab_size, uint64_t max_bytes = 0) {
  Outcome outcome{FakeRunnerContext::Create(testing::TempDir()), {}};
  v1::TokenizerSpec* spec = outcome.context->mutable_task().mutable_spec()->mutable_tokenizer();
  spec->set_vocab_size(vocab_size);
  spec->set_max_bytes(max_bytes);
  outcome.context->AddInput("tokenizer.corpus", "corpus", {{"documents.binpb", documents}});
  outcome.status = RunTokenizer(*outcome.context);
  return outcome;
}

std::unique_ptr<edge::Tokenizer> Parse(const std::string& model) {
  std::string error;
  auto tokenizer =
      edge::Tokenizer::Parse({reinterpret_cast<const uint8_t*>(model.data()), model.size()}, &error);
  EXPECT_NE(tokenizer, nullptr) << error;
  return tokenizer;
}

TEST(TokenizerRunner, TrainsTheSameTokenizerTwice) {
  const std::string documents = DocumentBytesForTest(MixedDocumentsForTest(50));
  Outcome a = Train(documents, 300);
  Outcome b = Train(documents, 300);
  ASSERT_TRUE(a.status.ok()) << a.status;
  EXPECT_EQ(a.context->Output()->kind(), "tokenizer");
  EXPECT_EQ(FindProperty(*a.context->Output(), "vocab_size"), "300");
  const std::string model = a.context->OutputFile("tokenizer.model").value();
  EXPECT_TRUE(model == b.context->OutputFile("tokenizer.model").value());
  auto tokenizer = Parse(model);
  EXPECT_EQ(tokenizer->vocab_size(), 300);
  EXPECT_EQ(tokenizer->unk_id(), 0);
  EXPECT_EQ(tokenizer->bos_id(), 1);
  EXPECT_EQ(tokenizer->eos_id(), 2);
}

TEST(TokenizerRunner, GivesBackAnyTextAndSplitsDigits) {
  Outcome outcome = Train(DocumentBytesForTest(MixedDocumentsForTest(50)), 300);
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  auto tokenizer = Parse(outcome.context->OutputFile("tokenizer.model").value());
  for (const std::string text :
       {"unseen \xC3\x9F text", "  two  spaces ", "line\n\nline\t", "\xF0\x9F\x8C\xB5 2024"}) {
    EXPECT_EQ(tokenizer->Decode(tokenizer->Encode(text)), text);
  }
  for (int32_t id = 0; id < tokenizer->vocab_size(); ++id) {
    const std::string piece(tokenizer->Piece(id));
    EXPECT_THAT(piece, testing::Not(testing::ContainsRegex("[^<x0-9A-F][0-9][0-9]"))) << id;
  }
}

TEST(TokenizerRunner, InstructionsContributeAllTheirFields) {
  v1::Document document;
  std::vector<v1::Document> documents;
  for (int i = 0; i < 20; ++i) {
    document.mutable_instruction()->set_instruction("zebra zebra");
    document.mutable_instruction()->set_input("quilt quilt");
    document.mutable_instruction()->set_output("jumbo jumbo");
    documents.push_back(document);
  }
  Outcome outcome = Train(DocumentBytesForTest(documents), 290);
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  auto tokenizer = Parse(outcome.context->OutputFile("tokenizer.model").value());
  for (const char* word : {"zebra", "quilt", "jumbo"}) EXPECT_EQ(tokenizer->Encode(word).size(), 1u) << word;
}

TEST(TokenizerRunner, AVocabularyThatIsTooLargeSaysWhatIsPossible) {
  const std::string documents = DocumentBytesForTest(MixedDocumentsForTest(3));
  const Outcome outcome = Train(documents, 8000);
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kInvalidArgument);
  const std::string message(outcome.status.message());
  EXPECT_THAT(message, HasSubstr("tokenizer.vocab_size is 8000"));
  const std::string marker = "a vocabulary of at most ";
  ASSERT_THAT(message, HasSubstr(marker));
  const int largest = std::stoi(message.substr(message.find(marker) + marker.size()));
  EXPECT_TRUE(Train(documents, largest).status.ok());
  EXPECT_FALSE(Train(documents, largest + 1).status.ok());
}

TEST(TokenizerRunner, RefusesSizesOutOfRangeAndCorporaWithoutText) {
  EXPECT_THAT(std::string(Train("", 259).status.message()), HasSubstr("valid are 260 to 65536"));
  EXPECT_EQ(Train("", 65537).status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Train("", 300).status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Train("\x05", 300).status.code(), absl::StatusCode::kDataLoss);
}

TEST(TokenizerRunner, MaxBytesBoundsWhatIsTrainedOn) {
  std::vector<v1::Document> documents = MixedDocumentsForTest(40);
  for (int i = 0; i < 400; ++i) documents.push_back(TextDocumentForTest("xylophone xylophone xylophone"));
  Outcome outcome = Train(DocumentBytesForTest(documents), 300, 8000);
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_GT(Parse(outcome.context->OutputFile("tokenizer.model").value())->Encode("xylophone").size(), 1u);
}

TEST(TokenizerRunner, AgreesWithSentencePieceOnC4) {
  const auto documents =
      RealDocumentsForTest(v1::DataSpec::C4_JSON_GZ, "c4/c4-train.00000-of-00004.json.gz", 400);
  if (documents.empty()) GTEST_SKIP() << "skipped: no data (c4 below BONSAI_TEST_DATA/data)";
  Outcome outcome = Train(DocumentBytesForTest(documents), 2000);
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  const std::string model = outcome.context->OutputFile("tokenizer.model").value();
  auto ours = Parse(model);
  // Text that it was not trained on.
  std::vector<std::string> texts;
  for (const auto& document :
       RealDocumentsForTest(v1::DataSpec::C4_JSON_GZ, "c4/c4-validation.00000-of-00001.json.gz", 200)) {
    texts.push_back(document.text());
  }
  auto theirs = BpeTrainingForTest().Encode(model, texts);
  ASSERT_TRUE(theirs.ok()) << theirs.status();
  for (size_t i = 0; i < texts.size(); ++i) ASSERT_EQ(ours->Encode(texts[i]), (*theirs)[i]);
}

Outcome TrainByteLevel(const std::string& documents, uint32_t vocab_size, uint64_t max_bytes = 0) {
  Outcome outcome{FakeRunnerContext::Create(testing::TempDir()), {}};
  v1::TokenizerSpec* spec = outcome.context->mutable_task().mutable_spec()->mutable_tokenizer();
  spec->set_vocab_size(vocab_size);
  spec->set_max_bytes(max_bytes);
  spec->set_algorithm(v1::TokenizerSpec::BYTE_LEVEL_BPE);
  outcome.context->AddInput("tokenizer.corpus", "corpus", {{"documents.binpb", documents}});
  outcome.status = RunTokenizer(*outcome.context);
  return outcome;
}

TEST(TokenizerRunner, TrainsTheSameByteLevelTokenizerTwice) {
  const std::string documents = DocumentBytesForTest(MixedDocumentsForTest(50));
  Outcome a = TrainByteLevel(documents, 330), b = TrainByteLevel(documents, 330);
  ASSERT_TRUE(a.status.ok()) << a.status;
  EXPECT_EQ(FindProperty(*a.context->Output(), "vocab_size"), "330");
  const std::string file = a.context->OutputFile("tokenizer.json").value();
  EXPECT_TRUE(file == b.context->OutputFile("tokenizer.json").value());
  const auto tokenizer = Parse(file);
  EXPECT_EQ(tokenizer->vocab_size(), 330);
  EXPECT_EQ(tokenizer->bos_id(), 0);
  EXPECT_EQ(tokenizer->eos_id(), 1);
  EXPECT_EQ(tokenizer->Encode(" tree").size(), 1u);
  const std::string text = "unseen \xC3\x9F  text\n\xFF \xF0\x9F\x8C\xB5";
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode(text)), text);
}

TEST(TokenizerRunner, AByteLevelVocabularyHasTheSameBoundsAndErrors) {
  const std::string documents = DocumentBytesForTest(MixedDocumentsForTest(3));
  EXPECT_THAT(std::string(TrainByteLevel(documents, 9000).status.message()),
              testing::ContainsRegex("tokenizer.vocab_size is 9000; the [0-9]+ bytes of this corpus give a "
                                     "vocabulary of at most [0-9]+"));
  EXPECT_EQ(TrainByteLevel("", 300).status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(TrainByteLevel("\x05", 300).status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(TrainByteLevel("", 259).status.message()), HasSubstr("valid are 260 to 65536"));
  std::vector<v1::Document> late = MixedDocumentsForTest(40);
  for (int i = 0; i < 400; ++i) late.push_back(TextDocumentForTest("xylophone xylophone xylophone"));
  Outcome bounded = TrainByteLevel(DocumentBytesForTest(late), 300, 8001);
  ASSERT_TRUE(bounded.status.ok()) << bounded.status;
  EXPECT_GT(Parse(bounded.context->OutputFile("tokenizer.json").value())->Encode("xylophone").size(), 1u);

  auto context = FakeRunnerContext::Create(testing::TempDir());
  v1::TokenizerSpec* spec = context->mutable_task().mutable_spec()->mutable_tokenizer();
  spec->set_vocab_size(300);
  spec->set_algorithm(static_cast<v1::TokenizerSpec::Algorithm>(7));
  EXPECT_THAT(std::string(RunTokenizer(*context).message()),
              HasSubstr("tokenizer.algorithm is 7; valid are SENTENCEPIECE_BPE and BYTE_LEVEL_BPE"));
}

TEST(TokenizerRunner, LeavesWhenAskedTo) {
  auto context = FakeRunnerContext::Create(testing::TempDir());
  context->mutable_task().mutable_spec()->mutable_tokenizer()->set_vocab_size(300);
  context->AddInput("tokenizer.corpus", "corpus",
                    {{"documents.binpb", DocumentBytesForTest(MixedDocumentsForTest(3000))}});
  context->RequestStop();
  EXPECT_EQ(RunTokenizer(*context).code(), absl::StatusCode::kCancelled);
  EXPECT_FALSE(context->Output().ok());
}

}  // namespace
}  // namespace bonsai
