#include "evaluator/bench/question_set.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "edge_runtime/model/json.h"

namespace bonsai {
namespace {

constexpr size_t kShots = 5;
constexpr size_t kLongShots = 2;
constexpr size_t kChoices = 5;
constexpr size_t kShortChoices = 4;

struct Record {
  std::string stem;
  std::vector<std::string> choices;
  size_t answer = 0;
};

std::optional<Record> ReadRecord(std::string_view line) {
  std::string error;
  const auto json = edge::JsonValue::Parse(line, &error);
  if (!json) return std::nullopt;
  const edge::JsonValue* question = json->Find("question");
  const edge::JsonValue* key = json->Find("answerKey");
  if (question == nullptr || key == nullptr) return std::nullopt;
  const edge::JsonValue* stem = question->Find("stem");
  const edge::JsonValue* choices = question->Find("choices");
  if (stem == nullptr || choices == nullptr || choices->items().size() != kChoices) return std::nullopt;
  Record record;
  record.stem = stem->string();
  for (const edge::JsonValue& choice : choices->items()) {
    const edge::JsonValue* text = choice.Find("text");
    const edge::JsonValue* label = choice.Find("label");
    if (text == nullptr || label == nullptr) return std::nullopt;
    if (label->string() == key->string()) record.answer = record.choices.size();
    record.choices.push_back(std::string(text->string()));
  }
  return record;
}

// One question of a set, as records give it: its text, what its answer stands behind, and its choices.
struct Item {
  std::string prompt;
  std::vector<std::string> choices;
  size_t answer;
};

std::vector<ChoiceQuestion> WithShots(const std::vector<Item>& items, size_t shots, size_t count) {
  std::string examples;
  for (size_t i = 0; i < shots; ++i)
    absl::StrAppend(&examples, items[i].prompt, items[i].choices[items[i].answer], "\n\n");
  std::vector<ChoiceQuestion> questions;
  for (size_t i = kShots; i < kShots + count; ++i)
    questions.push_back({examples + items[i].prompt, items[i].choices});
  return questions;
}

Item AsPublished(const std::vector<Record>& records, size_t i) {
  Item item = {absl::StrCat("Question: ", records[i].stem, "\nAnswer:"), {}, records[i].answer};
  for (const std::string& choice : records[i].choices) item.choices.push_back(absl::StrCat(" ", choice));
  return item;
}

// Four choices, each of two of the record's and the next one's.
Item WithFewWords(const std::vector<Record>& records, size_t i) {
  Item item = {absl::StrCat("Question: ", records[i].stem, "\nAnswer:"), {}, i % kShortChoices};
  const std::vector<std::string>& others = records[i + 1].choices;
  for (size_t j = 0; j < kShortChoices; ++j)
    item.choices.push_back(absl::StrCat(" ", records[i].choices[j], " and ", others[j]));
  return item;
}

// A story of three stems, and four endings of one and a choice.
Item WithEndings(const std::vector<Record>& records, size_t i) {
  const size_t size = records.size();
  Item item = {
      absl::StrCat(records[i].stem, " ", records[(i + 7) % size].stem, " ", records[(i + 13) % size].stem),
      {},
      i % kShortChoices};
  for (size_t j = 0; j < kShortChoices; ++j) {
    const Record& ending = records[(i + 101 * (j + 1)) % size];
    item.choices.push_back(absl::StrCat(" ", ending.stem, " ", ending.choices[j]));
  }
  return item;
}

}  // namespace

SharingBounds MeasureSharing(const std::vector<ChoiceQuestion>& questions) {
  SharingBounds bounds;
  std::vector<std::string> texts;
  for (const ChoiceQuestion& question : questions) {
    bounds.context += question.context.size();
    for (const std::string& continuation : question.continuations) {
      texts.push_back(question.context + continuation);
      bounds.alone += texts.back().size();
      bounds.context += continuation.size();
    }
  }
  std::sort(texts.begin(), texts.end());
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string before = i == 0 ? "" : texts[i - 1];
    const auto end = std::mismatch(texts[i].begin(), texts[i].end(), before.begin(), before.end()).first;
    bounds.trie += static_cast<uint64_t>(texts[i].end() - end);
  }
  return bounds;
}

absl::StatusOr<std::vector<QuestionSet>> MakeQuestionSets(std::string_view jsonl, size_t count) {
  std::vector<Record> records;
  for (size_t line = 1; !jsonl.empty(); ++line) {
    const size_t end = std::min(jsonl.find('\n'), jsonl.size());
    std::optional<Record> record = ReadRecord(jsonl.substr(0, end));
    if (!record)
      return absl::InvalidArgumentError(absl::StrCat("line ", line, " is no CommonsenseQA record"));
    records.push_back(*std::move(record));
    jsonl.remove_prefix(std::min(end + 1, jsonl.size()));
  }
  if (records.size() < kShots + count + 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(records.size(), " records; ", count, " questions need ", kShots + count + 1));
  }
  std::vector<Item> published, few_words, endings;
  for (size_t i = 0; i < kShots + count; ++i) {
    published.push_back(AsPublished(records, i));
    few_words.push_back(WithFewWords(records, i));
    endings.push_back(WithEndings(records, i));
  }
  return std::vector<QuestionSet>{{"csqa", WithShots(published, kShots, count), 4.4, 22.7},
                                  {"arc_style", WithShots(few_words, kShots, count), 3.5, 14},
                                  {"hellaswag_style", WithShots(endings, kLongShots, count), 2.9, 7.2}};
}

}  // namespace bonsai
