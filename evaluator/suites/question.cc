#include "evaluator/suites/question.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace bonsai {
namespace {

using Meaning = v1::SuiteAnswer;

absl::Status Named(absl::string_view field, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(field, ": ", status.message()));
}

// The first value of "a|b" that the record has.
const edge::JsonValue* FindValue(const RecordFields& record, absl::string_view paths) {
  for (absl::string_view path : absl::StrSplit(paths, '|')) {
    if (const edge::JsonValue* value = record.Find(path)) return value;
  }
  return nullptr;
}

std::string MemberText(const edge::JsonValue& item, const std::string& member) {
  const edge::JsonValue* value = item.Find(member);
  return value == nullptr ? "" : ScalarText(*value).value_or("");
}

}  // namespace

std::string ChoiceLetter(size_t index) {
  return index < 26 ? std::string(1, static_cast<char>('A' + index)) : absl::StrCat(index);
}

FieldLookup Question::fields() const {
  return [this](absl::string_view path) -> std::optional<std::string> {
    if (const auto found = fields_.find(path); found != fields_.end()) return found->second;
    return record_.Text(path);
  };
}

FieldLookup Question::choice(size_t index) const {
  return [this, index](absl::string_view path) -> std::optional<std::string> {
    const Fields& own = choices_[index];
    if (const auto found = own.find(path); found != own.end()) return found->second;
    return fields()(path);
  };
}

std::vector<FieldLookup> Question::choices() const {
  std::vector<FieldLookup> lookups;
  for (size_t i = 0; i < choices_.size(); ++i) lookups.push_back(choice(i));
  return lookups;
}

absl::Status Question::ReadFields(const std::vector<FieldRule>& rules, const FieldLookup& lookup,
                                  Fields* out) const {
  for (const FieldRule& rule : rules) {
    const absl::StatusOr<std::string> value = rule.value.Render(lookup, choices());
    if (!value.ok()) return Named(rule.name, value.status());
    (*out)[rule.name] = rule.steps.Apply(*value, lookup);
  }
  return absl::OkStatus();
}

void Question::AddChoice(const std::string& text, const std::string& label) {
  const size_t index = choices_.size();
  choices_.push_back({{"choice", text},
                      {"letter", ChoiceLetter(index)},
                      {"label", label.empty() ? ChoiceLetter(index) : label},
                      {"index", absl::StrCat(index)}});
}

absl::StatusOr<std::vector<std::string>> Question::ReadList(const ListRule& rule) const {
  std::vector<std::string> items;
  const edge::JsonValue* value = FindValue(record_, rule.list.path());
  if (value == nullptr)
    return absl::InvalidArgumentError(absl::StrCat("no field \"", rule.list.path(), "\""));
  if (value->is_array()) {
    for (const edge::JsonValue& item : value->items()) items.push_back(ScalarText(item).value_or(""));
  } else if (!rule.list.separator().empty()) {
    items = absl::StrSplit(ScalarText(*value).value_or(""), rule.list.separator());
  } else {
    absl::StatusOr<std::vector<std::string>> parsed = ParseStringList(ScalarText(*value).value_or(""));
    if (!parsed.ok()) return parsed.status();
    items = *std::move(parsed);
  }
  std::vector<std::string> kept;
  for (const std::string& item : items) {
    std::string text = rule.steps.Apply(item, fields());
    if (!text.empty() || !rule.list.drop_empty()) kept.push_back(std::move(text));
  }
  for (const std::string& also : rule.list.also()) {
    if (std::find(kept.begin(), kept.end(), also) == kept.end()) kept.push_back(also);
  }
  return kept;
}

// Of an object's keys, or of an array of objects; other lists are ReadList's.
absl::Status Question::ListChoices(const SuiteRules& rules) {
  const v1::SuiteChoices& choices = rules.suite.choices();
  const edge::JsonValue* value = FindValue(record_, choices.list().path());
  if (value == nullptr)
    return absl::InvalidArgumentError(absl::StrCat("no field \"", choices.list().path(), "\""));
  if (value->is_object()) {
    for (const auto& [key, weight] : value->members()) {
      AddChoice(rules.choice_list.steps.Apply(key, fields()), "");
      weights_.push_back(weight.number());
    }
    return absl::OkStatus();
  }
  if (value->is_array() && !choices.text_member().empty()) {
    for (const edge::JsonValue& item : value->items()) {
      AddChoice(rules.choice_list.steps.Apply(MemberText(item, choices.text_member()), fields()),
                MemberText(item, choices.label_member()));
    }
    return absl::OkStatus();
  }
  const absl::StatusOr<std::vector<std::string>> texts = ReadList(rules.choice_list);
  if (!texts.ok()) return texts.status();
  for (size_t i = 0; i < texts->size(); ++i) {
    AddChoice((*texts)[i], record_.Text(absl::StrCat(choices.labels_path(), ".", i)).value_or(""));
  }
  return absl::OkStatus();
}

absl::Status Question::ReadChoices(const SuiteRules& rules) {
  for (const PromptTemplate& text : rules.choices) {
    const absl::StatusOr<std::string> choice = text.Render(fields());
    if (!choice.ok()) return Named("choices", choice.status());
    AddChoice(*choice, "");
  }
  if (rules.suite.choices().has_list()) {
    if (absl::Status status = ListChoices(rules); !status.ok()) return Named("choices", status);
  }
  if (choices_.size() < 2 || choices_.size() > kChoicesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("choices: there are ", choices_.size(), "; valid: 2 to ", kChoicesMax));
  }
  if (const std::string& path = rules.suite.choices().weights_path(); !path.empty() && weights_.empty()) {
    const edge::JsonValue* weights = FindValue(record_, path);
    if (weights == nullptr || weights->items().size() != choices_.size()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": is no weight for each choice"));
    }
    for (const edge::JsonValue& weight : weights->items()) weights_.push_back(weight.number());
  }
  for (size_t i = 0; i < choices_.size(); ++i) {
    if (absl::Status status = ReadFields(rules.choice_fields, choice(i), &choices_[i]); !status.ok())
      return status;
  }
  return absl::OkStatus();
}

absl::Status Question::FindRightChoice(const SuiteRules& rules) {
  const Meaning::Meaning meaning = rules.suite.answer().meaning();
  if (meaning == Meaning::WEIGHTS) {
    for (size_t i = 0; i < weights_.size(); ++i) {
      if (weights_[i] == 1) right_choices_.push_back(i);
    }
    if (right_choices_.empty()) return absl::InvalidArgumentError("choices: none has the weight 1");
    return absl::OkStatus();
  }
  if (answer_.empty()) return absl::OkStatus();
  int64_t number = 0;
  if (meaning == Meaning::INDEX || meaning == Meaning::NUMBER) {
    if (!absl::SimpleAtoi(answer_, &number)) number = -1;
    if (meaning == Meaning::NUMBER) --number;
    if (number >= 0 && number < static_cast<int64_t>(choices_.size())) right_choices_.push_back(number);
  } else {
    const absl::string_view field = meaning == Meaning::LABEL    ? "label"
                                    : meaning == Meaning::LETTER ? "letter"
                                                                 : "choice";
    for (size_t i = 0; i < choices_.size() && right_choices_.empty(); ++i) {
      if (choices_[i].find(field)->second == answer_) right_choices_.push_back(i);
    }
  }
  if (right_choices_.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the answer \"", answer_, "\" is none of its ", choices_.size(), " choices"));
  }
  return absl::OkStatus();
}

absl::Status Question::ReadAnswer(const SuiteRules& rules) {
  const absl::StatusOr<std::string> answer = rules.answer.Render(fields(), choices());
  if (!answer.ok()) return Named("answer", answer.status());
  answer_ = rules.answer_steps.Apply(*answer, fields());
  if (rules.has_choices() && (rules.chooses() || rules.suite.answer().meaning() != Meaning::TEXT)) {
    if (absl::Status status = FindRightChoice(rules); !status.ok()) return status;
    // A model that speaks is to say the letter.
    if (!rules.chooses() && !right_choices_.empty()) answer_ = choices_[right_choices_[0]].at("letter");
  }
  const struct {
    const ListRule& rule;
    std::vector<std::string>* out;
  } lists[] = {{rules.right, &right_answers_}, {rules.wrong, &wrong_answers_}};
  for (const auto& [rule, out] : lists) {
    if (rule.list.path().empty()) continue;
    absl::StatusOr<std::vector<std::string>> texts = ReadList(rule);
    if (!texts.ok()) return Named("answer", texts.status());
    *out = *std::move(texts);
  }
  return absl::OkStatus();
}

absl::StatusOr<Question> Question::Read(const SuiteRules& rules, const v1::Document& document,
                                        absl::string_view subset, absl::string_view examples) {
  absl::StatusOr<RecordFields> record = RecordFields::Read(document);
  if (!record.ok()) return record.status();
  Question question;
  question.record_ = *std::move(record);
  question.fields_ = {{"subset", std::string(subset)}, {"examples", std::string(examples)}};
  absl::Status status = question.ReadFields(rules.fields, question.fields(), &question.fields_);
  if (status.ok() && rules.has_choices()) status = question.ReadChoices(rules);
  if (status.ok()) status = question.ReadAnswer(rules);
  if (!status.ok()) return status;
  return question;
}

absl::StatusOr<bool> Question::Keeps(const SuiteRules& rules, const v1::Document& document,
                                     absl::string_view subset) {
  if (rules.only_if.empty()) return true;
  absl::StatusOr<RecordFields> record = RecordFields::Read(document);
  if (!record.ok()) return record.status();
  Question question;
  question.record_ = *std::move(record);
  question.fields_ = {{"subset", std::string(subset)}};
  const absl::StatusOr<std::string> value = rules.only_if.Render(question.fields());
  if (!value.ok()) return Named("only_if_field", value.status());
  return *value == rules.suite.only_if_text();
}

}  // namespace bonsai
