#include "worker/data/pack_runner.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>

#include "edge_runtime/model/json.h"
#include "edge_runtime/model/tokenizer.h"
#include "runner/fake_runner_context.h"
#include "storage/manifest.h"
#include "worker/data/bpe_training_testing.h"
#include "worker/data/byte_level_training.h"
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
  EXPECT_EQ(static_cast<size_t>(manifest.files_size()), (expected.size() + 999) / 1000 + 2);

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

TEST(PackRunner, PacksWithAByteLevelTokenizer) {
  const std::vector<v1::Document> documents = MixedDocumentsForTest(40);
  ByteLevelTraining training([] { return false; });
  for (const v1::Document& document : documents) training.Add(document.text());
  const std::string json = edge::WriteTokenizerJson(training.Train(300).value());
  auto context = FakeRunnerContext::Create(testing::TempDir());
  context->mutable_task().mutable_spec()->mutable_pack();
  context->AddInput("pack.corpus", "corpus", {{"documents.binpb", DocumentBytesForTest(documents)}},
                    {{"format", "text"}});
  context->AddInput("pack.tokenizer", "tokenizer", {{"tokenizer.json", json}});
  const absl::Status status = RunPack(*context);
  ASSERT_TRUE(status.ok()) << status;
  const auto tokenizer = Parse(json);
  size_t tokens = 0;
  for (const v1::Document& document : documents) tokens += tokenizer->Encode(document.text()).size() + 2;
  EXPECT_EQ(FindProperty(*context->Output(), "tokens"), std::to_string(tokens));
  EXPECT_EQ(context->OutputFile("tokenizer.json").value(), json);
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

// Documents of 4 to 60 words, so that many fit into a test.
std::vector<v1::Document> ShortDocumentsForTest(int count, const std::string& first_word) {
  static const char* const kWords[] = {"tree", "grows", "slowly", "in",   "a",
                                       "pot",  "1984",  "water,", "light"};
  std::vector<v1::Document> documents;
  uint32_t state = 9;
  for (int i = 0; i < count; ++i) {
    std::string text = first_word;
    for (int words = 3 + i * i % 57; words > 0; --words) {
      state = state * 1664525 + 1013904223;
      text += std::string(" ") + kWords[(state >> 16) % std::size(kWords)];
    }
    documents.push_back(TextDocumentForTest(text));
  }
  return documents;
}

// Two corpora and the tokenizer of both.
struct TwoCorpora {
  std::string oaks = DocumentBytesForTest(ShortDocumentsForTest(1200, "oak"));
  std::string pines = DocumentBytesForTest(ShortDocumentsForTest(420, "pine"));
  std::string model = TrainModel(ShortDocumentsForTest(60, "oak pine"), 300);
};

std::unique_ptr<FakeRunnerContext> ContextOf(const std::string& pack, const TwoCorpora& corpora,
                                             const std::string& storage_dir = "") {
  auto context = FakeRunnerContext::Create(testing::TempDir(), storage_dir);
  v1::JobSpec& spec = *context->mutable_task().mutable_spec();
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(pack, &spec)) << pack;
  if (spec.pack().mixture().empty()) {
    context->AddInput("pack.corpus", "corpus", {{"documents.binpb", corpora.oaks}}, {{"format", "text"}});
  } else {
    context->AddInput("pack.mixture[0].corpus", "corpus", {{"documents.binpb", corpora.oaks}},
                      {{"format", "text"}, {"documents", "1200"}});
    context->AddInput("pack.mixture[1].corpus", "corpus", {{"documents.binpb", corpora.pines}},
                      {{"format", "text"}});
  }
  context->AddInput("pack.tokenizer", "tokenizer", {{"tokenizer.model", corpora.model}});
  return context;
}

std::vector<std::string> ShardsOf(FakeRunnerContext& context) {
  std::vector<std::string> digests;
  const absl::StatusOr<v1::Manifest> manifest = context.Output();
  EXPECT_TRUE(manifest.ok()) << manifest.status();
  if (!manifest.ok()) return digests;
  for (const v1::ArtifactFile& file : manifest->files()) {
    if (file.path().starts_with("shard-")) digests.push_back(file.path() + " " + file.blob().sha256());
  }
  return digests;
}

constexpr char kMixture[] =
    "mixture { corpus: '@oaks' weight: 3 } mixture { corpus: '@pines' weight: 1 } shard_tokens: 8000 ";

edge::JsonValue ReportOf(FakeRunnerContext& context) {
  std::string error;
  const auto report = edge::JsonValue::Parse(context.OutputFile("report.json").value(), &error);
  EXPECT_TRUE(report.has_value()) << error;
  return report.value_or(edge::JsonValue());
}

TEST(PackRunner, GivesTheSameBytesForAnyNumberOfThreads) {
  const TwoCorpora corpora;
  for (const std::string& spec : {std::string("shard_tokens: 8000"), std::string(kMixture)}) {
    std::vector<std::string> shards;
    std::string report;
    for (const char* cpus : {"1", "2", "5"}) {
      auto context = ContextOf("pack { " + spec + " } resources { cpus: " + cpus + " }", corpora);
      ASSERT_TRUE(RunPack(*context).ok());
      if (shards.empty()) shards = ShardsOf(*context);
      if (report.empty()) report = context->OutputFile("report.json").value();
      EXPECT_GT(shards.size(), 5u);
      EXPECT_EQ(ShardsOf(*context), shards) << cpus;
      EXPECT_EQ(context->OutputFile("report.json").value(), report) << cpus;
    }
  }
}

TEST(PackRunner, GoesOnFromItsCheckpointToTheSameBytes) {
  const TwoCorpora corpora;
  for (const std::string& spec :
       {std::string("pack { shard_tokens: 8000 }"), "pack { " + std::string(kMixture) + "}",
        "pack { " + std::string(kMixture) + "mixture_tokens: 110000 checkpoint_every_shards: 3 }"}) {
    SCOPED_TRACE(spec);
    auto whole = ContextOf(spec, corpora);
    ASSERT_TRUE(RunPack(*whole).ok());
    const std::string storage = whole->task().storage_dir();
    auto stopped = ContextOf(spec, corpora, storage);
    stopped->RequestStopAtStep(500);
    EXPECT_EQ(RunPack(*stopped).code(), absl::StatusCode::kCancelled);
    ASSERT_FALSE(stopped->checkpoints().empty());
    const v1::CheckpointWritten last = stopped->checkpoints().back();
    EXPECT_GT(last.step(), 2u);
    EXPECT_LT(last.step(), ShardsOf(*whole).size());

    auto resumed = ContextOf(spec, corpora, storage);
    resumed->AddResume("0000000000000000000000000000000000000000000000000000000000000000", 99);
    resumed->AddResume(last.manifest_id(), last.step());
    ASSERT_TRUE(RunPack(*resumed).ok());
    EXPECT_EQ(ShardsOf(*resumed), ShardsOf(*whole));
    EXPECT_EQ(resumed->OutputFile("report.json").value(), whole->OutputFile("report.json").value());
    // What it reported first shows that it did not begin again.
    EXPECT_GT(resumed->progress().front().step(), 600u);
  }
}

TEST(PackRunner, DoesNotGoOnFromACheckpointOfOtherInputsOrAnotherSpec) {
  const TwoCorpora corpora;
  auto stopped = ContextOf("pack { shard_tokens: 8000 }", corpora);
  stopped->RequestStopAtStep(500);
  EXPECT_EQ(RunPack(*stopped).code(), absl::StatusCode::kCancelled);
  const v1::CheckpointWritten last = stopped->checkpoints().back();
  const auto run = [&](const std::string& spec, const TwoCorpora& inputs) {
    auto context = ContextOf(spec, inputs, stopped->task().storage_dir());
    context->AddResume(last.manifest_id(), last.step());
    EXPECT_TRUE(RunPack(*context).ok());
    return ShardsOf(*context);
  };
  const auto fresh = [](const std::string& spec, const TwoCorpora& inputs) {
    auto context = ContextOf(spec, inputs);
    EXPECT_TRUE(RunPack(*context).ok());
    return ShardsOf(*context);
  };
  TwoCorpora other = corpora;
  other.oaks = corpora.pines;
  EXPECT_EQ(run("pack { shard_tokens: 8000 }", other), fresh("pack { shard_tokens: 8000 }", other));
  EXPECT_EQ(run("pack { shard_tokens: 9000 }", corpora), fresh("pack { shard_tokens: 9000 }", corpora));
}

TEST(PackRunner, AMixtureHasItsSharesAndRepeatsOnlyWhatTheWeightsAskFor) {
  const TwoCorpora corpora;
  auto once = ContextOf("pack { " + std::string(kMixture) + "}", corpora);
  ASSERT_TRUE(RunPack(*once).ok());
  const edge::JsonValue report = ReportOf(*once);
  const auto& parts = report.Find("parts")->items();
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_NEAR(parts[0].Find("share")->number(), 0.75, 0.002);
  EXPECT_EQ(parts[0].Find("share_asked")->number(), 0.75);
  EXPECT_EQ(parts[1].Find("documents_of_corpus")->integer(), 420);
  // 1,200 oaks are less than three times 420 pines.
  EXPECT_EQ(parts[0].Find("epochs")->number(), 1);
  EXPECT_LT(parts[1].Find("epochs")->number(), 1);
  EXPECT_EQ(parts[0].Find("tokens")->number() + parts[1].Find("tokens")->number(),
            report.Find("tokens")->number());

  const std::string tokens = std::to_string(static_cast<uint64_t>(report.Find("tokens")->number() * 2));
  auto twice = ContextOf("pack { " + std::string(kMixture) + "mixture_tokens: " + tokens + " }", corpora);
  ASSERT_TRUE(RunPack(*twice).ok());
  const edge::JsonValue doubled = ReportOf(*twice);
  const auto& repeated = doubled.Find("parts")->items();
  EXPECT_NEAR(repeated[0].Find("share")->number(), 0.75, 0.001);
  EXPECT_NEAR(repeated[0].Find("epochs")->number(), 2, 0.01);
  EXPECT_GE(doubled.Find("tokens")->number(), std::stod(tokens));
  EXPECT_LT(doubled.Find("tokens")->number(), std::stod(tokens) + 200);
  EXPECT_THAT(FindProperty(*twice->Output(), "mixture[000]"), HasSubstr("(asked 75.00 %), 2.0"));
}

TEST(PackRunner, TheSeedOfAMixtureChoosesItsDocuments) {
  const TwoCorpora corpora;
  const auto shards = [&](const std::string& more) {
    auto context =
        ContextOf("pack { " + std::string(kMixture) + "mixture_tokens: 20000 " + more + "}", corpora);
    EXPECT_TRUE(RunPack(*context).ok());
    return ShardsOf(*context);
  };
  EXPECT_EQ(shards("seed: 1"), shards("seed: 1"));
  EXPECT_NE(shards("seed: 1"), shards("seed: 2"));
}

TEST(PackRunner, RefusesBadMixtures) {
  const TwoCorpora corpora;
  const auto message = [&](const std::string& spec) {
    return std::string(RunPack(*ContextOf("pack { " + spec + " }", corpora)).message());
  };
  EXPECT_THAT(message("mixture { corpus: '@a' weight: 0 }"),
              HasSubstr("pack.mixture[0].weight is 0; valid are"));
  EXPECT_THAT(message("corpus: '@c' " + std::string(kMixture)), HasSubstr("beside pack.corpus"));
  TwoCorpora lies = corpora;
  lies.oaks = corpora.pines;  // 420 documents under a manifest of 1,200
  const absl::Status status = RunPack(*ContextOf("pack { " + std::string(kMixture) + " }", lies));
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("documents; its manifest says 1200"));
}

TEST(PackRunner, TellsHowLongDocumentsAre) {
  const TwoCorpora corpora;
  auto context = ContextOf("pack {}", corpora);
  ASSERT_TRUE(RunPack(*context).ok());
  const edge::JsonValue report = ReportOf(*context);
  EXPECT_EQ(report.Find("documents")->integer(), 1200);
  const edge::JsonValue* lengths = report.Find("document_tokens");
  EXPECT_LT(lengths->Find("smallest")->number(), lengths->Find("median")->number());
  EXPECT_LT(lengths->Find("median")->number(), lengths->Find("p99")->number());
  EXPECT_NEAR(report.Find("bytes_per_token")->number(),
              report.Find("bytes")->number() / report.Find("tokens")->number(), 1e-9);
  EXPECT_THAT(FindProperty(*context->Output(), "document_tokens"), HasSubstr(", median "));
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
