#include "evaluator/data_suites.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "edge_runtime/model/chat_template.h"
#include "edge_runtime/model/model_fixture.h"
#include "evaluator/document_bytes_testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runner/fake_runner_context.h"
#include "storage/sealed_file.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kTask[] = R"(
    name: "rivers" profile: "own" request: CHOICES prompt: "Which river? {q}" choices { list { path: "c" } }
    answer { value: "{a}" meaning: INDEX } few_shot { rule: FIRST file: "f" home: "h" }
    metrics { name: "acc" measure: "acc" })";

v1::Document Record(const std::string& id, const std::string& record) {
  v1::Document document;
  document.set_id(id);
  document.set_record(record);
  return document;
}

v1::Document Text(const std::string& text) {
  v1::Document document;
  document.set_id("task");
  document.set_text(text);
  return document;
}

class DataSuites : public testing::Test {
 protected:
  void SetUp() override { Reset({}); }

  // A context with the fixture's model and these files beside it.
  void Reset(const std::map<std::string, std::string>& model_files) {
    context_ = FakeRunnerContext::Create(testing::TempDir());
    context_->mutable_task().set_share_dir("deploy");
    auto files = edge::FixtureFiles(edge::FixtureConfig(), 1);
    files.insert(model_files.begin(), model_files.end());
    context_->AddInput("evaluate.model", "model", files);
    const absl::StatusOr<InputArtifact> input = context_->Input("evaluate.model");
    ASSERT_TRUE(input.ok()) << input.status();
    auto model = ModelArtifact::Open(*context_, *input);
    ASSERT_TRUE(model.ok()) << model.status();
    model_ = *std::move(model);
  }

  v1::EvaluateSpec::SuiteRun* AddRun() {
    return context_->mutable_task().mutable_spec()->mutable_evaluate()->add_suites();
  }
  // Of the last run.
  void AddCorpus(const std::string& field, const std::vector<v1::Document>& documents) {
    const int last = context_->task().spec().evaluate().suites_size() - 1;
    context_->AddInput(absl::StrCat("evaluate.suites[", last, "].", field), "corpus",
                       {{"documents.binpb", DocumentBytes(documents)}});
  }
  v1::EvaluateSpec::SuiteRun* AddTask(const std::string& task) {
    v1::EvaluateSpec::SuiteRun* run = AddRun();
    run->set_task("@task");
    AddCorpus("task", {Text(task)});
    AddCorpus("corpus", {Record("1", R"({"q": "one", "c": ["x", "y"], "a": 1})"),
                         Record("2", R"({"q": "two", "c": ["x", "y"], "a": 0})")});
    return run;
  }

  absl::Status Add() {
    suites_.clear();
    return AddDataSuites(*context_, *model_, suites_);
  }
  std::string Error() { return std::string(Add().message()); }

  std::unique_ptr<FakeRunnerContext> context_;
  std::unique_ptr<ModelArtifact> model_;
  std::vector<std::unique_ptr<Suite>> suites_;
};

TEST_F(DataSuites, AUsersTaskAndAnInstalledSuiteStandInTheSpecsOrder) {
  AddTask(kTask)->set_max_documents(1);
  v1::EvaluateSpec::SuiteRun* run = AddRun();
  run->set_suite("gsm8k");
  run->set_profile("lmeval");
  run->set_shots(0);
  AddCorpus("corpus", {Record("1", R"({"question": "How many?", "answer": "Some.\n#### 3"})")});
  const absl::Status added = Add();
  ASSERT_TRUE(added.ok()) << added;
  ASSERT_EQ(suites_.size(), 2u);
  EXPECT_EQ(suites_[0]->requests().size(), 2u);
  ASSERT_EQ(suites_[1]->generations().size(), 1u);
  const std::vector<std::string> texts = {"so\n#### 3"};
  const Judgement judgement = suites_[1]->Judge({.scores = {}, .texts = texts});
  EXPECT_EQ(judgement.result.suite(), "gsm8k");
  EXPECT_EQ(judgement.result.metrics(0).value(), 1);
}

// The questions of a holdout, and the key that opens them.
class SecretSuites : public DataSuites {
 protected:
  void SetUp() override {
    DataSuites::SetUp();
    key_path_ = testing::TempDir() + "/suites-key";
    std::ofstream(key_path_, std::ios::trunc) << *NewKeyText();
    chmod(key_path_.c_str(), 0600);
    setenv(kHoldoutKeyVariable, key_path_.c_str(), 1);
  }
  ~SecretSuites() override { unsetenv(kHoldoutKeyVariable); }

  v1::EvaluateSpec::SuiteRun* AddHoldout(const std::string& plain) {
    v1::EvaluateSpec::SuiteRun* run = AddRun();
    run->set_suite("gsm8k");
    run->set_profile("lmeval");
    run->set_shots(0);
    context_->AddInput("evaluate.suites[0].corpus", "holdout",
                       {{kSealedQuestionsPath, *Seal(plain, *ReadKeyFile(key_path_))}});
    return run;
  }

  std::string key_path_;
};

constexpr char kSecret[] =
    "{\"question\": \"How many lanterns hang in the harbour when all nine boats of the old fleet are at "
    "sea?\", "
    "\"answer\": \"Some.\\n#### 3\"}\n"
    "{\"question\": \"How many?\", \"answer\": \"Some.\\n#### 4\"}\n"
    "{\"question\": \"How many?\", \"answer\": \"Some.\\n#### 5\"}\n";

TEST_F(SecretSuites, AskTheSecretQuestionsAndTellRoundedFiguresOnly) {
  AddHoldout(kSecret);
  context_->mutable_task().mutable_spec()->mutable_evaluate()->add_overlap_with("@training");
  context_->AddInput(
      "evaluate.overlap_with[0]", "corpus",
      {{"documents.binpb", DocumentBytes({Text("How many lanterns hang in the harbour when all nine boats of "
                                               "the old fleet sink?")})}});
  const absl::Status added = Add();
  ASSERT_TRUE(added.ok()) << added;
  ASSERT_EQ(suites_.size(), 1u);
  EXPECT_TRUE(suites_[0]->secret());
  ASSERT_EQ(suites_[0]->generations().size(), 3u);
  const std::vector<std::string> texts = {"#### 3", "#### 4", "#### 4"};
  const Judgement judgement = suites_[0]->Judge({.scores = {}, .texts = texts});
  EXPECT_TRUE(judgement.items.empty());
  EXPECT_TRUE(judgement.result.holdout());
  EXPECT_EQ(judgement.result.metrics(0).value(), 0.6667);
  EXPECT_EQ(judgement.result.overlap(), 0.3333);
}

TEST_F(SecretSuites, AreRefusedWithoutTheKeyAndNeverShowAQuestion) {
  AddHoldout("{\"question\": \"treasure\"}\n");
  // There is no answer in it; the error of an open suite would quote the question's fields.
  EXPECT_THAT(Error(), testing::AllOf(StartsWith("evaluate.suites[0]"), testing::Not(HasSubstr("treasure"))));
  unsetenv(kHoldoutKeyVariable);
  EXPECT_THAT(Error(), HasSubstr("this machine has no key"));
}

TEST_F(SecretSuites, AreAskedAsAWholeByInstalledSuites) {
  v1::EvaluateSpec::SuiteRun* run = AddHoldout(kSecret);
  run->set_max_documents(1);
  EXPECT_THAT(Error(), HasSubstr("asked as a whole"));
  run->clear_max_documents();
  run->clear_suite();
  run->clear_profile();
  run->set_task("@task");
  AddCorpus("task", {Text(kTask)});
  EXPECT_THAT(Error(), HasSubstr("installed suites only"));
}

TEST_F(DataSuites, OverlapIsMeasuredOfSecretSuitesOnly) {
  AddTask(kTask);
  context_->mutable_task().mutable_spec()->mutable_evaluate()->add_overlap_with("@training");
  EXPECT_THAT(Error(), HasSubstr("evaluate.overlap_with is for secret suites"));
}

TEST_F(DataSuites, ExamplesFromTheQuestionsCorpusLeaveTheQuestionOut) {
  v1::EvaluateSpec::SuiteRun* run = AddTask(kTask);
  run->set_shots(1);
  run->set_few_shot("@questions");
  const absl::StatusOr<InputArtifact> corpus = context_->Input("evaluate.suites[0].corpus");
  context_->AddInputId("evaluate.suites[0].few_shot", corpus->id);
  ASSERT_TRUE(Add().ok());
  const std::vector<Score> scores(4);
  const Judgement judgement = suites_[0]->Judge({.scores = scores, .texts = {}});
  EXPECT_EQ(judgement.items[0].prompt(), "Which river? two x\n\nWhich river? one");
  EXPECT_EQ(judgement.items[1].prompt(), "Which river? one y\n\nWhich river? two");
}

TEST_F(DataSuites, PartsMayShareACorpusOfTheirFiles) {
  v1::EvaluateSpec::SuiteRun* run = AddRun();
  run->set_suite("llm_merging");
  run->set_profile("correct");
  run->set_subset("generation");
  AddCorpus("corpus", {Record("other.csv:1", R"({"input": "A", "eval_type": "generation"})"),
                       Record("generation.csv:1", R"({"input": "B", "eval_type": "generation"})"),
                       Record("generation.csv:2", R"({"input": "C", "eval_type": "generation"})")});
  ASSERT_TRUE(Add().ok());
  EXPECT_EQ(suites_[0]->generations().size(), 2u);
  run->set_max_documents(1);
  ASSERT_TRUE(Add().ok());
  EXPECT_EQ(suites_[0]->generations().size(), 1u);
}

TEST_F(DataSuites, ErrorsBeginWithTheField) {
  AddRun();
  EXPECT_EQ(Error(), "evaluate.suites[0]: set either suite or task");
  context_->mutable_task().mutable_spec()->mutable_evaluate()->mutable_suites(0)->set_suite("unknown");
  EXPECT_THAT(Error(), StartsWith("evaluate.suites[0]: suite \"unknown\" is not installed; there are: "));

  Reset({});
  AddTask("name: 'x'");
  EXPECT_THAT(Error(), StartsWith("evaluate.suites[0]: task: profile \"\" must be of"));
  Reset({});
  AddTask(kTask)->set_profile("other");
  EXPECT_EQ(Error(), "evaluate.suites[0]: profile \"other\" is not the task's, \"own\"");
  Reset({});
  AddTask(kTask)->set_subset("part");
  EXPECT_THAT(Error(), HasSubstr("suite \"rivers\" has no subsets"));
  Reset({});
  AddTask(kTask)->set_shots(1);
  EXPECT_EQ(
      Error(),
      "evaluate.suites[0]: few_shot: the corpus is not set; profile \"own\" of suite \"rivers\" wants f, "
      "at home in h");
}

TEST_F(DataSuites, AChatTemplateIsTheOneThatTheModelCarries) {
  AddTask(kTask)->set_chat_template(true);
  EXPECT_THAT(
      Error(),
      HasSubstr("evaluate.suites[0]: chat_template is set, but the model has no chat_template.jinja"));

  const bool space_first = edge::PutsSpaceFirst(model_->tokenizer());
  Reset({{"chat_template.jinja", edge::ChatJinja(edge::ChatTemplate::kLlama2, space_first)}});
  AddTask(kTask)->set_chat_template(true);
  const absl::Status added = Add();
  ASSERT_TRUE(added.ok()) << added;
  const std::vector<Score> scores(4);
  EXPECT_EQ(suites_[0]->Judge({.scores = scores, .texts = {}}).items[0].prompt(),
            "[INST] Which river? one [/INST]");

  Reset({{"chat_template.jinja", "{{ messages }}"}});
  AddTask(kTask)->set_chat_template(true);
  EXPECT_THAT(Error(), HasSubstr("is none of Bonsai's (ALPACA, LLAMA2, CHATML)"));
}

TEST_F(DataSuites, WholeTextsAreATaskToo) {
  v1::EvaluateSpec::SuiteRun* run = AddTask(R"(
      name: "letters" profile: "own" request: ROLLING prompt: "{q}" metrics { name: "b" measure: "bits_per_byte" })");
  ASSERT_TRUE(Add().ok());
  EXPECT_EQ(suites_[0]->requests().size(), 2u);
  run->set_shots(1);
  EXPECT_THAT(Error(), HasSubstr("whole texts have no chat_template, shots or few_shot"));
}

}  // namespace
}  // namespace bonsai
