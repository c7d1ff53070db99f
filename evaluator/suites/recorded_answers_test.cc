// Answers that others recorded and judged, sent through the suites that a real evaluation uses: the verdicts
// must be theirs. Prompts must be the very bytes that they asked with.
#include "evaluator/suites/recorded_answers.h"

#include <filesystem>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "edge_runtime/model/test_data.h"
#include "evaluator/suites/csqa.h"

namespace bonsai {
namespace {

// GSM8K's own example solutions of four models. They write "A: 18" where the data set itself has "#### 18".
TEST(RecordedAnswers, Gsm8kSolutionsAreJudgedAsTheirAuthorsDid) {
  BONSAI_FIND_TEST_DATA(path, "../golden/eval/gsm8k_example_model_solutions.jsonl");
  BONSAI_FIND_TEST_DATA(questions_path, "eval/gsm8k/test.jsonl");
  std::map<std::string, v1::Document> by_question;
  for (const v1::Document& document : RecordsOf(questions_path)) {
    by_question[JsonOf(document.record()).Find("question")->string()] = document;
  }
  std::vector<v1::Document> questions;
  std::map<std::string, std::vector<std::pair<std::string, bool>>> models;
  for (const v1::Document& line : RecordsOf(path)) {
    const edge::JsonValue record = JsonOf(line.record());
    questions.push_back(by_question.at(record.Find("question")->string()));
    for (const auto& [name, value] : record.members()) {
      if (!value.is_object()) continue;
      const std::string solution =
          absl::StrReplaceAll(value.Find("solution")->string(), {{"\nA: ", "\n#### "}});
      models[name].emplace_back(solution, value.Find("is_correct")->boolean());
    }
  }
  DataSuiteInput input = InstalledSuite("gsm8k", "lmeval", questions);
  input.shots = 0;
  const std::unique_ptr<DataSuite> suite = CreateSuite(input);
  ASSERT_NE(suite, nullptr);
  size_t judgements = 0;
  for (const auto& [model, solutions] : models) {
    std::vector<std::string> texts;
    for (const auto& [text, correct] : solutions) texts.push_back(text);
    const Judgement judgement = suite->Judge({.scores = {}, .texts = texts});
    ASSERT_EQ(judgement.items.size(), solutions.size());
    for (size_t i = 0; i < solutions.size(); ++i) {
      EXPECT_EQ(ValueOf(judgement.items[i], "strict_match"), solutions[i].second) << model << " " << texts[i];
      ++judgements;
    }
  }
  EXPECT_EQ(judgements, 4 * questions.size());
  EXPECT_EQ(models.size(), 4u);
}

struct BbhTask {
  std::string name;
  double published = 0;  // percent
  std::vector<v1::Document> questions, few_shot;
  std::vector<std::string> outputs;
};

std::vector<BbhTask> BbhTasks(const std::string& outputs_folder, const std::string& data_folder) {
  std::vector<BbhTask> tasks;
  for (const auto& entry : std::filesystem::directory_iterator(outputs_folder)) {
    const edge::JsonValue log = JsonOf(FileText(entry.path().string()));
    BbhTask task;
    task.name = entry.path().stem().string();
    task.published = log.Find("published")->Find("accuracy")->number();
    const edge::JsonValue data = JsonOf(FileText(absl::StrCat(data_folder, "/bbh/", task.name, ".json")));
    for (const edge::JsonValue& example : data.Find("examples")->items()) {
      edge::JsonWriter json;
      json.BeginObject().Key("input").String(example.Find("input")->string());
      json.Key("target").String(example.Find("target")->string()).EndObject();
      task.questions.push_back(RecordDocument(std::to_string(task.questions.size()), json.text()));
    }
    for (size_t i = 0; i < log.Find("outputs")->items().size(); ++i) {
      const edge::JsonValue& output = log.Find("outputs")->items()[i];
      task.outputs.push_back(output.Find("prediction")->string());
      EXPECT_EQ(output.Find("target")->string(), data.Find("examples")->items()[i].Find("target")->string());
    }
    task.few_shot = {TextDocument(absl::StrCat(task.name, ".txt"),
                                  FileText(absl::StrCat(data_folder, "/cot-prompts/", task.name, ".txt")))};
    tasks.push_back(std::move(task));
  }
  return tasks;
}

// The percentage that a profile gives the recorded outputs.
double BbhPercent(const BbhTask& task, const std::string& profile, const std::string& metric) {
  DataSuiteInput input = InstalledSuite("bbh", profile, task.questions);
  input.subset = task.name;
  input.few_shot.documents = task.few_shot;
  const std::unique_ptr<DataSuite> suite = CreateSuite(input);
  if (suite == nullptr) return -1;
  const Judgement judgement = suite->Judge({.scores = {}, .texts = task.outputs});
  EXPECT_EQ(judgement.result.suite(), absl::StrCat("bbh/", task.name));
  EXPECT_EQ(judgement.result.degenerate(), "");
  return 100 * MetricOf(judgement.result, metric);
}

TEST(RecordedAnswers, BigBenchHardAccuraciesAreThePublishedOnes) {
  BONSAI_FIND_TEST_DATA(outputs, "../golden/eval/bbh_outputs");
  BONSAI_FIND_TEST_DATA(data, "eval/bbh");
  const std::vector<BbhTask> tasks = BbhTasks(outputs, data);
  EXPECT_GE(tasks.size(), 14u);
  for (const BbhTask& task : tasks) {
    // The published figures are in steps of 100 / 250 and printed in binary floating point.
    EXPECT_NEAR(BbhPercent(task, "suzgun", "accuracy"), task.published, 1e-9) << task.name;
    EXPECT_NEAR(BbhPercent(task, "opencompass", "score"), task.published, 1e-9) << task.name;
    // Three answers end without a full stop; lm-evaluation-harness drops their last character all the same.
    const double lost = task.name == "dyck_languages" ? 1.2 : 0;
    EXPECT_NEAR(BbhPercent(task, "lmeval", "exact_match"), task.published - lost, 1e-9) << task.name;
  }
}

TEST(RecordedAnswers, BigBenchHardPromptsAreTheAuthorsExamplesAndTheQuestion) {
  BONSAI_FIND_TEST_DATA(outputs, "../golden/eval/bbh_outputs");
  BONSAI_FIND_TEST_DATA(data, "eval/bbh");
  const std::vector<BbhTask> tasks = BbhTasks(outputs, data);
  for (const BbhTask& task : tasks) {
    const std::string file = task.few_shot[0].text();
    const std::string examples = file.substr(file.find("-----\n") + 6);
    const std::string question = JsonOf(task.questions[0].record()).Find("input")->string();
    DataSuiteInput input = InstalledSuite("bbh", "opencompass", task.questions);
    input.subset = task.name;
    input.few_shot.documents = task.few_shot;
    const std::unique_ptr<DataSuite> suite = CreateSuite(input);
    ASSERT_NE(suite, nullptr);
    EXPECT_EQ(suite->prompt(0), absl::StrCat("Follow the given examples and answer the question.\n", examples,
                                             "\n\nQ: ", question, "\nA: Let's think step by step."));
  }
}

// lm-evaluation-harness' log of a partial evaluation: contexts differ, the continuation is the same.
TEST(RecordedAnswers, WinograndeIsPromptedAndJudgedAsLogged) {
  BONSAI_FIND_TEST_DATA(path, "../golden/eval/lmeval_winogrande_loglikelihoods.json");
  const edge::JsonValue log = JsonOf(FileText(path));
  std::vector<v1::Document> questions;
  std::vector<Score> scores;
  std::vector<std::string> asked;
  for (const edge::JsonValue& entry : log.items()) {
    std::string sentences[2];
    for (int i : {0, 1}) {
      const std::string& prompt = entry.Find(absl::StrCat("prompt_", i))->string();
      sentences[i] = prompt.substr(prompt.rfind("\n\n") + 2);
      scores.push_back({.loglikelihood = entry.Find(absl::StrCat("logit_", i))->number()});
    }
    asked.push_back(sentences[0]);
    // The options are the words in which the two sentences differ, as far as the last word that is theirs.
    size_t begin = 0;
    while (sentences[0][begin] == sentences[1][begin]) ++begin;
    size_t end = 0;
    while (sentences[0][sentences[0].size() - 1 - end] == sentences[1][sentences[1].size() - 1 - end]) ++end;
    edge::JsonWriter json;
    json.BeginObject()
        .Key("sentence")
        .String(
            absl::StrCat(sentences[0].substr(0, begin), "_", sentences[0].substr(sentences[0].size() - end)));
    for (int i : {0, 1}) {
      json.Key(absl::StrCat("option", i + 1))
          .String(sentences[i].substr(begin, sentences[i].size() - begin - end));
    }
    json.Key("answer").String(absl::StrCat(*entry.Find("truth")->integer() + 1)).EndObject();
    questions.push_back(RecordDocument(entry.Find("doc_id")->Describe(), json.text()));
  }
  DataSuiteInput input = InstalledSuite("winogrande", "lmeval", questions);
  input.shots = 0;
  const std::unique_ptr<DataSuite> suite = CreateSuite(input);
  ASSERT_NE(suite, nullptr);
  const Judgement judgement = suite->Judge({.scores = scores, .texts = {}});
  ASSERT_EQ(judgement.items.size(), log.items().size());
  EXPECT_EQ(suite->requests().size(), 2 * log.items().size());
  for (size_t i = 0; i < log.items().size(); ++i) {
    EXPECT_EQ(ValueOf(judgement.items[i], "acc"), log.items()[i].Find("acc")->string() == "True") << i;
  }
  EXPECT_DOUBLE_EQ(MetricOf(judgement.result, "acc"), 965.0 / 1267);
}

void AddList(const edge::JsonValue& record, const std::string& name, edge::JsonWriter& json) {
  json.Key(name).BeginArray();
  for (const edge::JsonValue& item : record.Find(name)->items()) json.String(item.string());
  json.EndArray();
}

// lm-evaluation-harness' log of truthfulqa_gen: every prompt's hash and twelve numbers of every answer.
TEST(RecordedAnswers, TruthfulQaIsPromptedAndJudgedToTheLastBit) {
  BONSAI_FIND_TEST_DATA(path, "../golden/eval/lmeval_truthfulqa_gen_samples.jsonl");
  std::vector<edge::JsonValue> samples;
  for (const v1::Document& line : RecordsOf(path)) samples.push_back(JsonOf(line.record()));
  std::vector<v1::Document> questions, few_shot;
  std::vector<std::string> texts;
  for (const edge::JsonValue& sample : samples) {
    const edge::JsonValue& doc = *sample.Find("doc");
    edge::JsonWriter json;
    json.BeginObject().Key("question").String(doc.Find("question")->string());
    AddList(doc, "correct_answers", json);
    AddList(doc, "incorrect_answers", json);
    json.EndObject();
    questions.push_back(RecordDocument(std::to_string(questions.size()), json.text()));
    texts.push_back(sample.Find("resps")->items()[0].items()[0].string());
  }
  // The six pairs stand before each question; there they are taken from the first one's prompt.
  const std::string& prompt = samples[0].Find("arguments")->Find("gen_args_0")->Find("arg_0")->string();
  few_shot.push_back(TextDocument("pairs.txt", prompt.substr(0, prompt.rfind("\n\nQ: "))));
  DataSuiteInput input = InstalledSuite("truthfulqa_gen", "lmeval", questions);
  input.few_shot.documents = few_shot;
  const std::unique_ptr<DataSuite> suite = CreateSuite(input);
  ASSERT_NE(suite, nullptr);
  EXPECT_EQ(suite->generations()[0].stops, std::vector<std::string>{"\n\n"});
  const Judgement judgement = suite->Judge({.scores = {}, .texts = texts});
  ASSERT_EQ(judgement.items.size(), samples.size());
  size_t unequal = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    EXPECT_EQ(judgement.items[i].prompt_sha256(), samples[i].Find("prompt_hash")->string()) << i;
    ASSERT_EQ(judgement.items[i].metrics_size(), 12) << i;
    for (const v1::MetricValue& value : judgement.items[i].metrics()) {
      const double logged = samples[i].Find(value.name())->number();
      // Two BLEUs differ in the last bit from the log's (truthfulness_test.cc).
      EXPECT_NEAR(value.value(), logged, 2e-15) << i << " " << value.name();
      unequal += value.value() != logged;
    }
  }
  EXPECT_LE(unequal, 2u);
  // What the facts say of a constant answer.
  for (const v1::MetricResult& metric : judgement.result.metrics()) {
    if (metric.name() == "bleu_acc") {
      EXPECT_GT(metric.floor(), 0.99) << metric.floor_name();
    }
  }
}

TEST(RecordedAnswers, CommonsenseQaAsksWhatTheOlderSuiteDoes) {
  BONSAI_FIND_TEST_DATA(path, "eval/commonsenseqa/dev_rand_split.jsonl");
  const std::vector<v1::Document> records = RecordsOf(path);
  std::vector<v1::Document> typed;
  for (const v1::Document& record : records) {
    const edge::JsonValue json = JsonOf(record.record());
    v1::Document document;
    v1::MultipleChoice* question = document.mutable_multiple_choice();
    question->set_question(json.Find("question")->Find("stem")->string());
    question->set_answer_label(json.Find("answerKey")->string());
    for (const edge::JsonValue& item : json.Find("question")->Find("choices")->items()) {
      v1::Choice* choice = question->add_choices();
      choice->set_label(item.Find("label")->string());
      choice->set_text(item.Find("text")->string());
    }
    typed.push_back(document);
  }
  ByteTokenizer tokenizer;
  const auto older = CommonsenseQaSuite::Create(tokenizer, 1 << 20, "lmeval", typed);
  ASSERT_TRUE(older.ok()) << older.status();
  for (const std::vector<v1::Document>& documents : {records, typed}) {
    const std::unique_ptr<DataSuite> suite =
        CreateSuite(InstalledSuite("commonsenseqa", "lmeval", documents));
    ASSERT_NE(suite, nullptr);
    ASSERT_EQ(suite->requests().size(), (*older)->requests().size());
    for (size_t i = 0; i < suite->requests().size(); ++i) {
      ASSERT_EQ(suite->requests()[i].context, (*older)->requests()[i].context) << i;
      ASSERT_EQ(suite->requests()[i].continuation, (*older)->requests()[i].continuation) << i;
    }
  }
}

}  // namespace
}  // namespace bonsai
