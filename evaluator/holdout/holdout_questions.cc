#include "evaluator/holdout/holdout_questions.h"

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "edge_runtime/model/json.h"

namespace bonsai {
namespace {

void AddTexts(const edge::JsonValue& value, std::vector<std::string>& texts) {
  if (value.is_string()) texts.push_back(value.string());
  for (const edge::JsonValue& item : value.items()) AddTexts(item, texts);
  for (const auto& [name, member] : value.members()) AddTexts(member, texts);
}

}  // namespace

absl::StatusOr<std::vector<v1::Document>> ReadHoldoutQuestions(absl::string_view plain) {
  std::vector<v1::Document> questions;
  size_t number = 0;
  for (const absl::string_view line : absl::StrSplit(plain, '\n')) {
    ++number;
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    std::string error;
    const std::optional<edge::JsonValue> record =
        edge::JsonValue::Parse(std::string_view(line.data(), line.size()), &error);
    if (!record || !record->is_object()) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, " of the secret questions is no JSON object; each line must be one"));
    }
    v1::Document& question = questions.emplace_back();
    question.set_id(absl::StrCat(number));
    question.set_record(std::string(line));
  }
  if (questions.empty()) return absl::InvalidArgumentError("the secret questions are none");
  return questions;
}

std::vector<std::string> TextsOfQuestion(const v1::Document& question) {
  std::vector<std::string> texts;
  std::string error;
  const auto record = edge::JsonValue::Parse(question.record(), &error);
  if (record) AddTexts(*record, texts);
  return texts;
}

}  // namespace bonsai
