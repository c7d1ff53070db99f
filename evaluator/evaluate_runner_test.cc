#include "evaluator/evaluate_runner.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "bonsai/v1/report.pb.h"
#include "edge_runtime/model/json.h"
#include "edge_runtime/model/model_fixture.h"
#include "edge_runtime/model/test_data.h"
#include "evaluator/document_bytes_testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runner/fake_runner_context.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

v1::Document TextDocument(const std::string& text) {
  v1::Document document;
  document.set_id("d");
  document.set_text(text);
  return document;
}

v1::Document Question(const std::string& stem, const std::string& answer) {
  v1::Document document;
  document.set_id(stem);
  v1::MultipleChoice* question = document.mutable_multiple_choice();
  question->set_question(stem);
  question->set_answer_label(answer);
  for (const char* label : {"A", "B", "C", "D", "E"}) {
    v1::Choice* choice = question->add_choices();
    choice->set_label(label);
    choice->set_text(std::string("choice ") + label);
  }
  return document;
}

double Metric(const v1::SuiteResult& suite, absl::string_view name) {
  for (const v1::MetricResult& metric : suite.metrics()) {
    if (metric.name() == name) return metric.value();
  }
  return std::nan("");
}

class EvaluateRunner : public testing::Test {
 protected:
  void SetUp() override { NewContext(); }

  void NewContext() { context_ = FakeRunnerContext::Create(testing::TempDir()); }

  v1::EvaluateSpec& spec() { return *context_->mutable_task().mutable_spec()->mutable_evaluate(); }

  std::string AddModel() {
    spec().set_model("@model");
    return context_->AddInput("evaluate.model", "model", edge::FixtureFiles(edge::FixtureConfig(), 1));
  }

  void AddTexts(const std::vector<v1::Document>& documents) {
    spec().mutable_bits_per_byte()->set_corpus("@heldout");
    context_->AddInput("evaluate.bits_per_byte.corpus", "corpus",
                       {{"documents.binpb", DocumentBytes(documents)}});
  }

  void AddReference(const std::vector<v1::Document>& documents) {
    spec().mutable_bits_per_byte()->set_xz_reference("@corpus");
    context_->AddInput("evaluate.bits_per_byte.xz_reference", "corpus",
                       {{"documents.binpb", DocumentBytes(documents)}});
  }

  void AddQuestions(const std::vector<v1::Document>& documents) {
    spec().mutable_commonsenseqa()->set_corpus("@questions");
    spec().mutable_commonsenseqa()->set_profile("lmeval");
    context_->AddInput("evaluate.commonsenseqa.corpus", "corpus",
                       {{"documents.binpb", DocumentBytes(documents)}});
  }

  v1::EvaluationReport Report() {
    v1::EvaluationReport report;
    EXPECT_TRUE(report.ParseFromString(context_->OutputFile("report.binpb").value()));
    return report;
  }

  std::unique_ptr<FakeRunnerContext> context_;
};

TEST_F(EvaluateRunner, ReportsBothSuitesWithTheirFloors) {
  const std::string model_id = AddModel();
  AddTexts({TextDocument("It was the best of times, it was the worst of times."),
            TextDocument("Call me Ishmael.")});
  AddReference({TextDocument("It was the best of times."), TextDocument("It was the worst of times.")});
  AddQuestions({Question("1", "A"), Question("2", "B"), Question("3", "B")});
  const absl::Status status = RunEvaluate(*context_);
  ASSERT_TRUE(status.ok()) << status;

  const v1::EvaluationReport report = Report();
  EXPECT_EQ(report.model_id(), model_id);
  EXPECT_EQ(report.parameters(), static_cast<uint64_t>(edge::CountParameters(edge::FixtureConfig())));
  ASSERT_EQ(report.suites_size(), 2);
  const v1::SuiteResult& text = report.suites(0);
  EXPECT_EQ(text.suite(), "bits_per_byte");
  EXPECT_EQ(text.documents(), 2u);
  EXPECT_GT(Metric(text, "bits_per_byte"), 5);
  EXPECT_LT(Metric(text, "bits_per_byte"), 12);
  EXPECT_GT(Metric(text, "xz_bits_per_byte"), Metric(text, "xz_after_reference_bits_per_byte"));
  EXPECT_EQ(text.metrics(0).floor(), Metric(text, "xz_after_reference_bits_per_byte"));
  const v1::SuiteResult& questions = report.suites(1);
  EXPECT_EQ(questions.suite(), "commonsenseqa");
  EXPECT_EQ(questions.documents(), 3u);
  EXPECT_DOUBLE_EQ(questions.metrics(0).floor(), 2.0 / 3);
  EXPECT_EQ(questions.metrics(0).floor_name(), "always answering B");

  EXPECT_THAT(context_->OutputFile("report.json").value(), HasSubstr("\"suite\": \"commonsenseqa\""));
  EXPECT_EQ(context_->Output()->kind(), "evaluation");
  ASSERT_FALSE(context_->progress().empty());
  EXPECT_EQ(context_->progress().back().step(), context_->progress().back().total_steps());
}

TEST_F(EvaluateRunner, JudgesAModelThatIsNoLlama) {
  edge::ModelConfig config = edge::FixtureConfig();
  config.qk_norm = true;
  config.activation = edge::Activation::kReluSquared;
  config.logit_soft_cap = 2;
  config.layers_per_weights = 2;
  spec().set_model("@model");
  context_->AddInput("evaluate.model", "model", edge::FixtureFiles(config, 1));
  AddTexts({TextDocument("Call me Ishmael.")});
  const absl::Status status = RunEvaluate(*context_);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(Report().parameters(), static_cast<uint64_t>(edge::CountParameters(config)));
  EXPECT_GT(Metric(Report().suites(0), "bits_per_byte"), 5);
  EXPECT_LT(Metric(Report().suites(0), "bits_per_byte"), 12);
}

class SplitEvaluateRunner : public EvaluateRunner {
 protected:
  void AddAll() {
    AddModel();
    std::vector<v1::Document> texts, questions;
    for (int i = 0; i < 15; ++i)
      texts.push_back(TextDocument("Document " + std::to_string(i * i) + " of fifteen."));
    for (int i = 0; i < 6; ++i) questions.push_back(Question(std::to_string(i), i % 2 == 0 ? "B" : "D"));
    AddTexts(texts);
    AddQuestions(questions);
  }

  std::string RunWhole(uint32_t batch, uint32_t threads) {
    NewContext();
    AddAll();
    spec().set_batch_requests(batch);
    context_->mutable_task().mutable_spec()->mutable_resources()->set_cpus(threads);
    const absl::Status status = RunEvaluate(*context_);
    EXPECT_TRUE(status.ok()) << status;
    return context_->OutputFile("report.binpb").value();
  }

  // As the jobs of a split evaluation run; `drop` leaves the answers of the last part away.
  absl::Status RunParts(uint32_t parts, bool drop = false) {
    NewContext();
    AddAll();
    std::vector<std::unique_ptr<FakeRunnerContext>> jobs;
    for (uint32_t i = 0; i < parts; ++i) {
      jobs.push_back(FakeRunnerContext::Create(testing::TempDir(), context_->task().storage_dir()));
      v1::Task& task = jobs.back()->mutable_task();
      *task.mutable_spec() = context_->task().spec();
      *task.mutable_inputs() = context_->task().inputs();
      task.mutable_spec()->mutable_evaluate()->mutable_part()->set_index(i);
      task.mutable_spec()->mutable_evaluate()->mutable_part()->set_count(parts);
      const absl::Status status = RunEvaluate(*jobs.back());
      EXPECT_TRUE(status.ok()) << status;
      EXPECT_EQ(jobs.back()->Output()->kind(), "answers");
      if (drop && i + 1 == parts) break;
      spec().add_answers("@part");
      context_->AddInputId("evaluate.answers[" + std::to_string(i) + "]", jobs.back()->output_id());
    }
    return RunEvaluate(*context_);
  }
};

TEST_F(SplitEvaluateRunner, TheReportDoesNotDependOnBatchesOrThreads) {
  const std::string expected = RunWhole(0, 1);
  for (const uint32_t batch : {1u, 7u, 64u, 1000u}) EXPECT_EQ(RunWhole(batch, 1), expected) << batch;
  EXPECT_EQ(RunWhole(0, 4), expected);
  EXPECT_EQ(RunWhole(7, 3), expected);
}

TEST_F(SplitEvaluateRunner, TheReportDoesNotDependOnTheSplit) {
  const std::string expected = RunWhole(0, 1);
  for (const uint32_t parts : {1u, 2u, 3u, 4u}) {
    const absl::Status status = RunParts(parts);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(context_->OutputFile("report.binpb").value(), expected) << parts << " parts";
    // It judges, and asks nothing.
    EXPECT_TRUE(context_->checkpoints().empty());
  }
}

TEST_F(SplitEvaluateRunner, SaysHowManyAnswersThePartsLack) {
  const absl::Status status = RunParts(3, true);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("evaluate.answers: 2 parts lack answers to "));
  EXPECT_THAT(std::string(status.message()), testing::ContainsRegex(" of [0-9]+ requests$"));
}

TEST_F(SplitEvaluateRunner, RefusesAPartThatIsNone) {
  AddAll();
  spec().mutable_part()->set_index(2);
  spec().mutable_part()->set_count(2);
  EXPECT_EQ(RunEvaluate(*context_).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(SplitEvaluateRunner, TheReportCarriesTheHashOfTheAnswers) {
  RunWhole(0, 1);
  const v1::EvaluationReport report = Report();
  EXPECT_EQ(report.suites(0).answers_sha256().size(), 64u);
  EXPECT_NE(report.suites(0).answers_sha256(), report.suites(1).answers_sha256());
}

TEST_F(EvaluateRunner, TakesTheFirstDocumentsOnly) {
  AddModel();
  AddTexts({TextDocument("one"), TextDocument("two"), TextDocument("three")});
  spec().mutable_bits_per_byte()->set_max_documents(2);
  ASSERT_TRUE(RunEvaluate(*context_).ok());
  EXPECT_EQ(Report().suites(0).documents(), 2u);
  EXPECT_EQ(Report().suites(0).notes(0).find("6 bytes"), 0u);
}

TEST_F(EvaluateRunner, StopsWhenAskedAndPublishesNothing) {
  AddModel();
  AddTexts({TextDocument("one"), TextDocument("two")});
  context_->RequestStop();
  EXPECT_EQ(RunEvaluate(*context_).code(), absl::StatusCode::kCancelled);
  EXPECT_FALSE(context_->Output().ok());
}

TEST_F(EvaluateRunner, RefusesASpecWithoutASuite) {
  AddModel();
  const absl::Status status = RunEvaluate(*context_);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("set bits_per_byte, commonsenseqa or suites"));
}

TEST_F(EvaluateRunner, NamesTheDocumentThatIsNotText) {
  AddModel();
  AddTexts({TextDocument("one"), Question("q17", "A")});
  EXPECT_EQ(RunEvaluate(*context_).message(),
            "evaluate.bits_per_byte.corpus: document 1 (\"q17\") is not text");
}

TEST_F(EvaluateRunner, NamesTheReferenceDocumentThatIsNotText) {
  AddModel();
  AddTexts({TextDocument("one")});
  AddReference({TextDocument("two"), Question("q", "A")});
  EXPECT_EQ(RunEvaluate(*context_).message(), "xz_reference: document 1 is not text");
  EXPECT_FALSE(context_->Output().ok());
}

TEST_F(EvaluateRunner, NamesTheFileOfABrokenModel) {
  auto files = edge::FixtureFiles(edge::FixtureConfig(), 1);
  files["model.safetensors"].resize(1000);
  context_->AddInput("evaluate.model", "model", files);
  AddTexts({TextDocument("one")});
  const absl::Status status = RunEvaluate(*context_);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("model.safetensors: "));
}

TEST_F(EvaluateRunner, NamesATruncatedCorpus) {
  AddModel();
  std::string records = DocumentBytes({TextDocument("one"), TextDocument("two")});
  records.resize(records.size() - 2);
  spec().mutable_bits_per_byte()->set_corpus("@heldout");
  context_->AddInput("evaluate.bits_per_byte.corpus", "corpus", {{"documents.binpb", records}});
  EXPECT_EQ(RunEvaluate(*context_).code(), absl::StatusCode::kDataLoss);
}

std::vector<v1::Document> ReadQuestions(const std::string& path, size_t count) {
  std::vector<v1::Document> documents;
  std::ifstream file(path);
  std::string line, error;
  while (documents.size() < count && std::getline(file, line)) {
    const auto json = edge::JsonValue::Parse(line, &error);
    EXPECT_TRUE(json.has_value()) << error;
    const edge::JsonValue* question = json->Find("question");
    v1::Document document;
    document.set_id(json->Find("id")->string());
    document.mutable_multiple_choice()->set_question(question->Find("stem")->string());
    document.mutable_multiple_choice()->set_answer_label(json->Find("answerKey")->string());
    for (const edge::JsonValue& choice : question->Find("choices")->items()) {
      v1::Choice* added = document.mutable_multiple_choice()->add_choices();
      added->set_label(choice.Find("label")->string());
      added->set_text(choice.Find("text")->string());
    }
    documents.push_back(std::move(document));
  }
  return documents;
}

// The first 50 of the dev set, with the Llama 2 tokenizer and random weights.
TEST_F(EvaluateRunner, AnswersRealQuestions) {
  BONSAI_FIND_TEST_DATA(questions, "eval/commonsenseqa/dev_rand_split.jsonl");
  BONSAI_FIND_TEST_DATA(folder, "models/tiny_llama_hf_random");
  context_->AddInput("evaluate.model", "model",
                     {{"config.json", ReadFile(folder + "/config.json")},
                      {"model.safetensors", ReadFile(folder + "/model.safetensors")},
                      {"tokenizer.model", ReadFile(folder + "/tokenizer.model")}});
  AddQuestions(ReadQuestions(questions, 50));
  const absl::Status status = RunEvaluate(*context_);
  ASSERT_TRUE(status.ok()) << status;
  const v1::SuiteResult result = Report().suites(0);
  EXPECT_EQ(result.documents(), 50u);
  // The most frequent of the 50 answers is D, 12 times.
  EXPECT_DOUBLE_EQ(result.metrics(0).floor(), 12.0 / 50);
  const double acc = result.metrics(0).value();
  EXPECT_NEAR(acc * 50, std::round(acc * 50), 1e-9);
  EXPECT_NEAR(result.metrics(0).stderr(), std::sqrt(acc * (1 - acc) / 49), 1e-12);
}

}  // namespace
}  // namespace bonsai
