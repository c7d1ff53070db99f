#include "evaluator/suites/data_suite.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "evaluator/loglikelihood.h"
#include "evaluator/suites/prompt_request.h"
#include "evaluator/suites/suite_file.h"

namespace bonsai {
namespace {

absl::Status OfDocument(const v1::Suite& suite, const v1::Document& document, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(suite.name(), ": document \"", document.id(), "\": ", status.message()));
}

absl::Status CheckSubset(const v1::Suite& suite, const std::string& subset) {
  const std::vector<std::string> names = SubsetNames(suite);
  if (names.empty() && subset.empty()) return absl::OkStatus();
  if (std::find(names.begin(), names.end(), subset) != names.end()) return absl::OkStatus();
  if (names.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("subset \"", subset, "\" is set, but suite \"", suite.name(), "\" has no subsets"));
  }
  return absl::InvalidArgumentError(absl::StrCat("subset \"", subset, "\" is none of suite \"", suite.name(),
                                                 "\"; valid: ", absl::StrJoin(names, ", ")));
}

absl::StatusOr<ScoreRequest> ChoiceRequest(const SuiteRules& rules, const edge::Tokenizer& tokenizer,
                                           const std::string& context, const std::string& delimiter,
                                           const std::string& target, int32_t positions_max) {
  switch (rules.suite.request()) {
    case v1::Suite::PERPLEXITY:
      return WholeTextRequest(tokenizer, absl::StrCat(context, delimiter, target), positions_max);
    case v1::Suite::ANSWER_ALONE:
      return AnswerAloneRequest(tokenizer, context, target, positions_max);
    default:
      return ContinuationRequest(tokenizer, context, absl::StrCat(delimiter, target), positions_max);
  }
}

absl::Status RenderCode(const SuiteRules& rules, const Question& question, CodeProgram* code) {
  const struct {
    const PromptTemplate& from;
    std::string& to;
  } parts[] = {{rules.code_before, code->program},
               {rules.code_entry_point, code->entry_point},
               {rules.code_setup, code->setup},
               {rules.code_test, code->test}};
  for (const auto& [from, to] : parts) {
    absl::StatusOr<std::string> text = from.Render(question.fields(), question.choices());
    if (!text.ok()) return absl::InvalidArgumentError(absl::StrCat("code: ", text.status().message()));
    to = *std::move(text);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<DataSuite>> DataSuite::Create(const DataSuiteInput& input,
                                                             const edge::Tokenizer& tokenizer) {
  if (absl::Status status = CheckSubset(input.suite, input.subset); !status.ok()) return status;
  absl::StatusOr<SuiteRules> rules = CompileSuite(RulesOfSubset(input.suite, input.subset));
  if (!rules.ok()) return rules.status();
  if (rules->suite.request() == v1::Suite::ROLLING) {
    return absl::InvalidArgumentError(
        absl::StrCat(input.suite.name(), ": whole texts are asked by a RollingSuite"));
  }
  std::unique_ptr<DataSuite> suite(new DataSuite);
  suite->rules_ = *std::move(rules);
  suite->name_ = input.suite.name();
  if (!input.subset.empty()) absl::StrAppend(&suite->name_, "/", input.subset);
  suite->sha256_ = SuiteSha256(input.suite);
  suite->subsets_ = SubsetNames(input.suite).size();
  suite->chat_ = input.chat_template.has_value();
  suite->delimiter_ = suite->rules_.delimiter;
  // Behind a chat's opening of the response nothing stands but what the tokenizer puts there.
  if (suite->chat_) suite->delimiter_.assign(edge::PutsSpaceFirst(tokenizer) ? 1 : 0, ' ');
  suite->letters_shown_ = suite->rules_.target.Uses("letter") || suite->rules_.target.Uses("label");

  absl::StatusOr<ExampleSource> examples =
      ExampleSource::Create(suite->rules_, input.subset, input.few_shot, input.shots);
  if (!examples.ok()) return examples.status();
  if (suite->rules_.suite.few_shot().rule() == v1::SuiteFewShot::PROMPT) {
    absl::StatusOr<PromptTemplate> prompt = PromptTemplate::Parse(examples->text());
    if (!prompt.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("few_shot: the prompt that it holds: ", prompt.status().message()));
    }
    suite->rules_.prompt = *std::move(prompt);
  }
  for (const v1::Document& document : input.questions) {
    absl::Status status = suite->Add(input, tokenizer, document, *examples);
    if (!status.ok()) return OfDocument(input.suite, document, status);
  }
  if (suite->items_.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(input.suite.name(), ": the corpus holds no question"));
  }
  suite->notes_.push_back(absl::StrCat(examples->text().empty() ? absl::StrCat(examples->shots(), "-shot")
                                                                : std::string("a fixed text of examples"),
                                       "; ", tokenizer.bos_id() >= 0 ? "prompts begin with BOS" : "no BOS",
                                       suite->chat_ ? "; as a chat's first turn" : ""));
  if (suite->cut_prompts_ > 0) {
    suite->notes_.push_back(absl::StrCat(suite->cut_prompts_, " of ", suite->items_.size(),
                                         " prompts are longer than the model reads, and were cut"));
  }
  return suite;
}

std::string DataSuite::Framed(const DataSuiteInput& input, const std::string& prompt) const {
  return input.chat_template.has_value() ? edge::ChatPrompt(*input.chat_template, prompt, "") : prompt;
}

absl::Status DataSuite::Add(const DataSuiteInput& input, const edge::Tokenizer& tokenizer,
                            const v1::Document& document, ExampleSource& examples) {
  const absl::StatusOr<bool> kept = Question::Keeps(rules_, document, input.subset);
  if (!kept.ok()) return kept.status();
  if (!*kept) return absl::OkStatus();
  const absl::StatusOr<Question> question = Question::Read(rules_, document, input.subset, examples.text());
  if (!question.ok()) return question.status();
  const absl::StatusOr<std::string> description = rules_.description.Render(question->fields());
  if (!description.ok()) return description.status();
  const std::string before = absl::StrCat(*description, examples.Next(document));

  Item item{.id = document.id(),
            .prompt = {},
            .choices = {},
            .letters = {},
            .right_choices = question->right_choices(),
            .answer = question->answer(),
            .right = question->right_answers(),
            .wrong = question->wrong_answers(),
            .code = {}};
  if (absl::Status status = RenderCode(rules_, *question, &item.code); !status.ok()) return status;
  if (rules_.chooses()) {
    if (absl::Status status = AddChoices(input, tokenizer, *question, before, item); !status.ok())
      return status;
  } else {
    const absl::StatusOr<std::string> prompt = rules_.prompt.Render(question->fields(), question->choices());
    if (!prompt.ok()) return prompt.status();
    item.prompt = Framed(input, before + *prompt);
    item.first_request = generations_.size();
    bool cut = false;
    absl::StatusOr<GenerateRequest> request =
        PromptRequest(tokenizer, item.prompt, rules_.suite, input.positions_max, &cut);
    if (!request.ok()) return request.status();
    cut_prompts_ += cut;
    generations_.push_back(*std::move(request));
  }
  items_.push_back(std::move(item));
  return absl::OkStatus();
}

absl::Status DataSuite::AddChoices(const DataSuiteInput& input, const edge::Tokenizer& tokenizer,
                                   const Question& question, const std::string& before, Item& item) {
  item.first_request = requests_.size();
  const std::vector<FieldLookup> choices = question.choices();
  for (size_t i = 0; i < choices.size(); ++i) {
    const absl::StatusOr<std::string> prompt = rules_.prompt.Render(choices[i], choices);
    if (!prompt.ok()) return prompt.status();
    const absl::StatusOr<std::string> target = rules_.target.Render(choices[i], choices);
    if (!target.ok()) return target.status();
    const std::string context = Framed(input, before + *prompt);
    absl::StatusOr<ScoreRequest> request =
        ChoiceRequest(rules_, tokenizer, context, delimiter_, *target, input.positions_max);
    if (!request.ok()) return request.status();
    requests_.push_back(*std::move(request));
    if (i == 0) item.prompt = context;
    item.choices.push_back(*target);
    item.letters.push_back(choices[i](letters_shown_ ? "label" : "letter").value_or(""));
  }
  return absl::OkStatus();
}

}  // namespace bonsai
