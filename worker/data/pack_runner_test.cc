#include "worker/data/pack_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "edge_runtime/model/tokenizer.h"
#include "runner/fake_runner_context.h"
#include "storage/manifest.h"
#include "worker/data/bpe_training_testing.h"
#include "worker/data/corpus_testing.h"
#include "worker/data/packed_shard.h"
#include "worker/data/sentence_splitter.h"
#include "worker/data/token_artifact.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

std::string TrainModel(const std::vector<v1::Document>& documents, uint32_t vocab_size) {
  std::vector<std::string> sentences;
  for (const v1::Document& document : documents) {
    SplitSentences(document.text(), kSentenceBytesMax,
                   [&](absl::string_view s) { sentences.emplace_back(s); });
  }
  size_t i = 0;
  const auto next = [&](std::string* sentence) {
    if (i == sentences.size()) return false;
    *sentence = sentences[i++];
    return true;
  };
  std::string error;
  const std::string model = TrainBpe(vocab_size, next, &error);
  EXPECT_NE(model, "") << error;
  return model;
}

std::unique_ptr<edge::Tokenizer> Parse(const std::string& model) {
  std::string error;
  auto tokenizer =
      edge::Tokenizer::Parse({reinterpret_cast<const uint8_t*>(model.data()), model.size()}, &error);
  EXPECT_NE(tokenizer, nullptr) << error;
  return tokenizer;
}

struct Outcome {
  std::unique_ptr<FakeRunnerContext> context;
  absl::Status status;
};

Outcome RunOn(const std::string& documents, const std::string& model, uint64_t shard_tokens,
              const std::string& format = "text") {
  Outcome outcome{FakeRunnerContext::Create(testing::TempDir()), {}};
  outcome.context->mutable_task().mutable_spec()->mutable_pack()->set_shard_tokens(shard_tokens);
  outcome.context->AddInput("pack.corpus", "corpus", {{"documents.binpb", documents}}, {{"format", format}});
  outcome.context->AddInput("pack.tokenizer", "tokenizer", {{"tokenizer.model", model}});
  outcome.status = RunPack(*outcome.context);
  return outcome;
}

TEST(PackRunner, PacksEachDocumentBetweenBosAndEosInShards) {
  const std::vector<v1::Document> documents = MixedDocumentsForTest(40);
  const std::string model = TrainModel(documents, 300);
  Outcome outcome = RunOn(DocumentBytesForTest(documents), model, 1000);
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  auto tokenizer = Parse(model);
  std::vector<uint16_t> expected;
  for (const v1::Document& document : documents) {
    expected.push_back(1);
    for (int32_t id : tokenizer->Encode(document.text())) expected.push_back(id);
    expected.push_back(2);
  }
  const v1::Manifest manifest = outcome.context->Output().value();
  EXPECT_EQ(manifest.kind(), "tokens");
  EXPECT_EQ(FindProperty(manifest, "tokens"), std::to_string(expected.size()));
  EXPECT_EQ(FindProperty(manifest, "documents"), "40");
  EXPECT_EQ(FindProperty(manifest, "vocab_size"), "300");
  EXPECT_EQ(outcome.context->OutputFile("tokenizer.model").value(), model);
  EXPECT_EQ(static_cast<size_t>(manifest.files_size()), (expected.size() + 999) / 1000 + 1);

  // A trainer opens it through its own context.
  outcome.context->AddInputId("pretrain.tokens", outcome.context->output_id());
  auto input = outcome.context->Input("pretrain.tokens");
  ASSERT_TRUE(input.ok()) << input.status();
  auto tokens = OpenTokenArtifact(*outcome.context, *input);
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  std::vector<uint16_t> packed((*tokens)->size());
  ASSERT_TRUE((*tokens)->Read(0, absl::MakeSpan(packed)).ok());
  EXPECT_EQ(packed, expected);
}

TEST(PackRunner, RefusesOtherCorporaTokenizersAndSizes) {
  const std::vector<v1::Document> documents = MixedDocumentsForTest(5);
  const std::string bytes = DocumentBytesForTest(documents);
  const std::string model = TrainModel(documents, 300);
  EXPECT_THAT(std::string(RunOn(bytes, model, 10, "instructions").status.message()),
              HasSubstr("pack.corpus is a corpus of format \"instructions\""));
  EXPECT_EQ(RunOn(bytes, "not a model", 10).status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(RunOn(bytes, model, uint64_t{1} << 40).status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(RunOn("", model, 10).status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(RunOn(bytes.substr(0, bytes.size() - 1), model, 10).status.code(), absl::StatusCode::kDataLoss);
  v1::Document instruction;
  instruction.mutable_instruction()->set_output("x");
  EXPECT_THAT(std::string(RunOn(DocumentBytesForTest({instruction}), model, 10).status.message()),
              HasSubstr("document 0 is not text"));
}

TEST(PackRunner, OpeningAnotherKindOfArtifactFails) {
  auto context = FakeRunnerContext::Create(testing::TempDir());
  context->AddInput("a", "model", {{"shard-00000.bin", "x"}}, {{"tokens", "1"}, {"vocab_size", "3"}});
  EXPECT_EQ(OpenTokenArtifact(*context, *context->Input("a")).status().code(),
            absl::StatusCode::kFailedPrecondition);
  context->AddInput("b", "tokens", {{"shard-00000.bin", "x"}}, {{"tokens", "1"}});
  EXPECT_EQ(OpenTokenArtifact(*context, *context->Input("b")).status().code(),
            absl::StatusCode::kFailedPrecondition);
  context->AddInput("c", "tokens", {{"shard-00000.bin", "x"}}, {{"tokens", "1"}, {"vocab_size", "3"}});
  EXPECT_EQ(OpenTokenArtifact(*context, *context->Input("c")).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace bonsai
