#include "evaluator/suites/suite_rules.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "evaluator/suites/answer_measure.h"

namespace bonsai {
namespace {

constexpr uint32_t kTokensMax = 1 << 16;
constexpr uint32_t kShotsMax = 64;

// Compiles a suite's parts one after the other, and keeps the first error.
class Compiler {
 public:
  void Template(absl::string_view field, const std::string& text, PromptTemplate* out) {
    absl::StatusOr<PromptTemplate> parsed = PromptTemplate::Parse(text);
    if (!parsed.ok()) return Wrong(field, parsed.status().message());
    *out = *std::move(parsed);
  }

  void Steps(absl::string_view field, const google::protobuf::RepeatedPtrField<v1::TextStep>& steps,
             TextSteps* out) {
    absl::StatusOr<TextSteps> compiled = TextSteps::Compile(steps);
    if (!compiled.ok()) return Wrong(field, compiled.status().message());
    *out = *std::move(compiled);
  }

  void Fields(const std::string& where, const google::protobuf::RepeatedPtrField<v1::SuiteField>& fields,
              std::vector<FieldRule>* out) {
    for (const v1::SuiteField& field : fields) {
      const std::string name = absl::StrCat(where, " \"", field.name(), "\"");
      if (field.name().empty()) return Wrong(where, "a field without a name");
      FieldRule rule{.name = field.name(), .value = {}, .steps = {}};
      Template(name, field.value(), &rule.value);
      Steps(name, field.steps(), &rule.steps);
      out->push_back(std::move(rule));
    }
  }

  void List(absl::string_view field, const v1::SuiteList& list, ListRule* out) {
    out->list = list;
    Steps(field, list.steps(), &out->steps);
  }

  void Metrics(const v1::Suite& suite, SuiteRules& rules) {
    std::set<std::string> names;
    for (const v1::SuiteMetric& metric : suite.metrics()) {
      const std::string name = absl::StrCat("metrics \"", metric.name(), "\"");
      if (metric.name().empty() || metric.name().find('/') != std::string::npos) {
        return Wrong("metrics", "a metric without a name, or with a / in it");
      }
      if (!names.insert(metric.name()).second) return Wrong(name, "there are two");
      if (absl::Status status = CheckMeasure(metric.measure(), suite.request()); !status.ok()) {
        return Wrong(name, status.message());
      }
      MetricRule rule{.metric = metric, .response = {}, .answer = {}, .both = {}};
      Steps(name, metric.response_steps(), &rule.response);
      Steps(name, metric.answer_steps(), &rule.answer);
      Steps(name, metric.both_steps(), &rule.both);
      rules.metrics.push_back(std::move(rule));
    }
    if (suite.metrics().empty()) Wrong("metrics", "there is none");
  }

  void Wrong(absl::string_view field, absl::string_view what) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(absl::StrCat(field, ": ", what));
  }

  const absl::Status& status() const { return status_; }

 private:
  absl::Status status_;
};

void CheckRequest(const v1::Suite& suite, const SuiteRules& rules, Compiler& compiler) {
  if (suite.request() == v1::Suite::REQUEST_UNSPECIFIED || !v1::Suite::Request_IsValid(suite.request())) {
    return compiler.Wrong("request", "must be CHOICES, PERPLEXITY, ANSWER_ALONE, GENERATION or ROLLING");
  }
  if (suite.prompt().empty() != (suite.few_shot().rule() == v1::SuiteFewShot::PROMPT)) {
    return compiler.Wrong("prompt", "must be set, unless the few_shot rule is PROMPT");
  }
  const bool found = suite.choices().has_list();
  if ((found && !rules.choices.empty()) || (rules.chooses() && !rules.has_choices())) {
    return compiler.Wrong("choices", "set either templates or list");
  }
  if (found && suite.choices().list().path().empty()) return compiler.Wrong("choices.list.path", "is empty");
  if (suite.request() == v1::Suite::GENERATION &&
      (suite.tokens_max() == 0 || suite.tokens_max() > kTokensMax)) {
    return compiler.Wrong("tokens_max",
                          absl::StrCat("is ", suite.tokens_max(), "; must be from 1 to ", kTokensMax));
  }
  for (const std::string& stop : suite.stops()) {
    if (stop.empty()) return compiler.Wrong("stops", "one is empty");
  }
}

// What is set must have an effect.
void CheckUnused(const v1::Suite& suite, const SuiteRules& rules, Compiler& compiler) {
  const bool speaks = suite.request() == v1::Suite::GENERATION;
  if (!speaks &&
      (suite.tokens_max() > 0 || suite.stops_size() > 0 || suite.truncation() != v1::Suite::LEFT)) {
    compiler.Wrong("request", "stops, tokens_max and truncation go with GENERATION");
  }
  for (const v1::SuiteMetric& metric : suite.metrics()) {
    if (!speaks &&
        (metric.response_steps_size() + metric.answer_steps_size() + metric.both_steps_size() > 0 ||
         metric.skip_blank())) {
      compiler.Wrong("metrics", "steps and skip_blank go with GENERATION");
    }
  }
  if (suite.request() == v1::Suite::ROLLING &&
      (rules.has_choices() || suite.has_answer() || suite.has_few_shot() || !suite.description().empty() ||
       !suite.target().empty() || !suite.only_if_field().empty())) {
    compiler.Wrong("request", "ROLLING goes with fields, prompt, metrics and subsets alone");
  }
  int programs = 0;
  for (const v1::SuiteMetric& metric : suite.metrics()) programs += metric.measure() == kPassAt1;
  if (programs != (suite.has_code() ? 1 : 0))
    compiler.Wrong("code", "goes with one metric of the measure pass@1");
  if (suite.has_code() && (suite.code().entry_point().empty() || suite.code().test().empty())) {
    compiler.Wrong("code", "needs an entry_point and a test");
  }
  if (rules.chooses() && (suite.answer().has_right() || suite.answer().has_wrong())) {
    compiler.Wrong("answer", "right and wrong go with GENERATION");
  }
  if (suite.request() == v1::Suite::ANSWER_ALONE && suite.has_delimiter()) {
    compiler.Wrong("delimiter", "an answer by itself has none before it");
  }
}

void CheckFewShot(const v1::Suite& suite, const SuiteRules& rules, Compiler& compiler) {
  const v1::SuiteFewShot& few_shot = suite.few_shot();
  const bool text = few_shot.rule() == v1::SuiteFewShot::TEXT;
  if (text != (rules.prompt.Uses("examples") || rules.description.Uses("examples"))) {
    return compiler.Wrong("prompt", "{examples} goes with the few_shot rule TEXT, and only with it");
  }
  if (few_shot.shots() > kShotsMax) {
    return compiler.Wrong("few_shot.shots",
                          absl::StrCat("is ", few_shot.shots(), "; must be at most ", kShotsMax));
  }
  const bool drawn = few_shot.rule() == v1::SuiteFewShot::DRAWN || few_shot.rule() == v1::SuiteFewShot::FIRST;
  if (!rules.chooses() && drawn && suite.target().empty()) {
    compiler.Wrong("target", "is empty; examples end with it");
  }
}

}  // namespace

bool SuiteRules::chooses() const {
  return suite.request() == v1::Suite::CHOICES || suite.request() == v1::Suite::PERPLEXITY ||
         suite.request() == v1::Suite::ANSWER_ALONE;
}

absl::StatusOr<SuiteRules> CompileSuite(const v1::Suite& suite) {
  SuiteRules rules;
  rules.suite = suite;
  if (suite.has_delimiter()) rules.delimiter = suite.delimiter();
  if (suite.has_shot_separator()) rules.shot_separator = suite.shot_separator();
  Compiler compiler;
  compiler.Fields("fields", suite.fields(), &rules.fields);
  for (const std::string& choice : suite.choices().templates()) {
    compiler.Template("choices.templates", choice, &rules.choices.emplace_back());
  }
  compiler.List("choices.list", suite.choices().list(), &rules.choice_list);
  compiler.Fields("choices.fields", suite.choices().fields(), &rules.choice_fields);
  compiler.Template("answer.value", suite.answer().value(), &rules.answer);
  compiler.Steps("answer.steps", suite.answer().steps(), &rules.answer_steps);
  compiler.List("answer.right", suite.answer().right(), &rules.right);
  compiler.List("answer.wrong", suite.answer().wrong(), &rules.wrong);
  compiler.Template("only_if_field", suite.only_if_field(), &rules.only_if);
  compiler.Template("description", suite.description(), &rules.description);
  compiler.Template("prompt", suite.prompt(), &rules.prompt);
  const bool choice_is_target = rules.chooses() && suite.target().empty();
  compiler.Template("target", choice_is_target ? "{choice}" : suite.target(), &rules.target);
  compiler.Template("few_shot.document", suite.few_shot().document(), &rules.few_shot_document);
  compiler.Steps("few_shot.steps", suite.few_shot().steps(), &rules.few_shot_steps);
  compiler.Template("code.before", suite.code().before(), &rules.code_before);
  compiler.Template("code.entry_point", suite.code().entry_point(), &rules.code_entry_point);
  compiler.Template("code.setup", suite.code().setup(), &rules.code_setup);
  compiler.Template("code.test", suite.code().test(), &rules.code_test);
  compiler.Metrics(suite, rules);
  CheckRequest(suite, rules, compiler);
  CheckFewShot(suite, rules, compiler);
  CheckUnused(suite, rules, compiler);
  if (!compiler.status().ok()) return compiler.status();
  return rules;
}

}  // namespace bonsai
