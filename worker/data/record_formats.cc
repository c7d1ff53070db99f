#include "worker/data/record_formats.h"

#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace bonsai {
namespace {

using edge::JsonValue;

constexpr size_t kChoicesMax = 26;

absl::Status Wrong(absl::string_view key, const JsonValue* found, absl::string_view wanted) {
  if (found == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("key \"", key, "\" is missing; it is ", wanted));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("key \"", key, "\" is ", found->Describe(), "; it has to be ", wanted));
}

absl::Status NotAnObject(const JsonValue& record, absl::string_view wanted) {
  return absl::InvalidArgumentError(
      absl::StrCat("the record is ", record.Describe(), "; it has to be ", wanted));
}

// `path` is the key as errors name it: "question.stem".
absl::Status ReadString(const JsonValue& object, absl::string_view key, absl::string_view path,
                        std::string* value) {
  const JsonValue* found = object.Find({key.data(), key.size()});
  if (found == nullptr || !found->is_string()) return Wrong(path, found, "a string");
  *value = found->string();
  return absl::OkStatus();
}

absl::Status ReadChoices(const JsonValue& question, v1::MultipleChoice* content,
                         std::set<std::string>* labels) {
  const JsonValue* choices = question.Find("choices");
  if (choices == nullptr || !choices->is_array() || choices->items().empty() ||
      choices->items().size() > kChoicesMax) {
    return Wrong("question.choices", choices, absl::StrCat("an array of 1 to ", kChoicesMax, " choices"));
  }
  for (size_t i = 0; i < choices->items().size(); ++i) {
    const JsonValue& choice = choices->items()[i];
    const std::string path = absl::StrCat("question.choices[", i, "]");
    if (!choice.is_object()) return Wrong(path, &choice, "an object {label, text}");
    v1::Choice* read = content->add_choices();
    absl::Status status = ReadString(choice, "label", absl::StrCat(path, ".label"), read->mutable_label());
    if (!status.ok()) return status;
    status = ReadString(choice, "text", absl::StrCat(path, ".text"), read->mutable_text());
    if (!status.ok()) return status;
    if (!labels->insert(read->label()).second) return Wrong(path + ".label", choice.Find("label"), "unique");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadC4Record(const JsonValue& record, v1::Document* document) {
  document->Clear();
  if (!record.is_object()) return NotAnObject(record, "an object with a key \"text\"");
  return ReadString(record, "text", "text", document->mutable_text());
}

absl::Status ReadAlpacaRecord(const JsonValue& record, v1::Document* document) {
  document->Clear();
  if (!record.is_object()) return NotAnObject(record, "an object {instruction, input, output}");
  v1::Instruction* content = document->mutable_instruction();
  absl::Status status = ReadString(record, "instruction", "instruction", content->mutable_instruction());
  if (!status.ok()) return status;
  if (record.Find("input") != nullptr) {
    status = ReadString(record, "input", "input", content->mutable_input());
    if (!status.ok()) return status;
  }
  return ReadString(record, "output", "output", content->mutable_output());
}

absl::Status ReadCommonsenseQaRecord(const JsonValue& record, v1::Document* document) {
  document->Clear();
  if (!record.is_object()) return NotAnObject(record, "an object {id, question, answerKey}");
  absl::Status status = ReadString(record, "id", "id", document->mutable_id());
  if (!status.ok()) return status;
  const JsonValue* question = record.Find("question");
  if (question == nullptr || !question->is_object())
    return Wrong("question", question, "an object {stem, choices}");
  v1::MultipleChoice* content = document->mutable_multiple_choice();
  status = ReadString(*question, "stem", "question.stem", content->mutable_question());
  if (!status.ok()) return status;
  std::set<std::string> labels;
  status = ReadChoices(*question, content, &labels);
  if (!status.ok()) return status;
  status = ReadString(record, "answerKey", "answerKey", content->mutable_answer_label());
  if (!status.ok()) return status;
  if (labels.count(content->answer_label()) == 0) {
    return Wrong("answerKey", record.Find("answerKey"),
                 absl::StrCat("the label of a choice (", absl::StrJoin(labels, ", "), ")"));
  }
  return absl::OkStatus();
}

absl::Status ReadAnyRecord(const JsonValue& record, v1::Document* document) {
  document->Clear();
  if (!record.is_object()) return NotAnObject(record, "an object");
  for (absl::string_view wanted : {"id", "task_id", "question_id", "qid", "doc_id", "idx", "index"}) {
    for (const auto& [key, value] : record.members()) {
      if (!absl::EqualsIgnoreCase(key, wanted)) continue;
      if (value.is_string()) document->set_id(value.string());
      if (value.integer().has_value()) document->set_id(absl::StrCat(*value.integer()));
      if (!document->id().empty()) return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

}  // namespace bonsai
