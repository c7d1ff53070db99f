#include "evaluator/evaluate_runner.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "bonsai/v1/report.pb.h"
#include "edge_runtime/model/json.h"
#include "edge_runtime/model/model_fixture.h"
#include "edge_runtime/model/test_data.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runner/fake_runner_context.h"
#include "storage/document_file.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

std::string Records(const std::vector<v1::Document>& documents) {
  const std::string path = testing::TempDir() + "/records.binpb";
  const auto writer = DocumentWriter::Create(path);
  EXPECT_TRUE(writer.ok()) << writer.status();
  for (const v1::Document& document : documents) EXPECT_TRUE((*writer)->Append(document).ok());
  EXPECT_TRUE((*writer)->Close().ok());
  return ReadFile(path);
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
    context_->AddInput("evaluate.bits_per_byte.corpus", "corpus", {{"documents.binpb", Records(documents)}});
  }

  void AddReference(const std::vector<v1::Document>& documents) {
    spec().mutable_bits_per_byte()->set_xz_reference("@corpus");
    context_->AddInput("evaluate.bits_per_byte.xz_reference", "corpus",
                       {{"documents.binpb", Records(documents)}});
  }

  void AddQuestions(const std::vector<v1::Document>& documents) {
    spec().mutable_commonsenseqa()->set_corpus("@questions");
    spec().mutable_commonsenseqa()->set_profile("lmeval");
    context_->AddInput("evaluate.commonsenseqa.corpus", "corpus", {{"documents.binpb", Records(documents)}});
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

TEST_F(EvaluateRunner, TheReportDoesNotDependOnTheNumberOfThreads) {
  std::string reports[2];
  for (int i = 0; i < 2; ++i) {
    NewContext();
    context_->mutable_task().mutable_spec()->mutable_resources()->set_cpus(i == 0 ? 1 : 4);
    AddModel();
    std::vector<v1::Document> texts;
    for (int j = 0; j < 40; ++j)
      texts.push_back(TextDocument("Document " + std::to_string(j * j) + " of forty."));
    AddTexts(texts);
    ASSERT_TRUE(RunEvaluate(*context_).ok());
    reports[i] = context_->OutputFile("report.binpb").value();
  }
  EXPECT_EQ(reports[0], reports[1]);
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
  EXPECT_THAT(std::string(status.message()), HasSubstr("set bits_per_byte, commonsenseqa or both"));
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
  std::string records = Records({TextDocument("one"), TextDocument("two")});
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
