#include "evaluator/suites/record_fields.h"

#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "edge_runtime/model/utf8.h"

namespace bonsai {
namespace {

constexpr size_t kRecordBytesMax = size_t{16} << 20;
constexpr size_t kListItemsMax = 4096;

std::string TypedRecord(const v1::Document& document) {
  edge::JsonWriter json;
  json.BeginObject();
  if (document.has_text()) {
    json.Key("text").String(document.text());
  } else if (document.has_instruction()) {
    json.Key("instruction").String(document.instruction().instruction());
    json.Key("input").String(document.instruction().input());
    json.Key("output").String(document.instruction().output());
  } else if (document.has_multiple_choice()) {
    const v1::MultipleChoice& question = document.multiple_choice();
    json.Key("question").String(question.question());
    json.Key("choices").BeginArray();
    for (const v1::Choice& choice : question.choices()) {
      json.BeginObject().Key("label").String(choice.label()).Key("text").String(choice.text()).EndObject();
    }
    json.EndArray();
    json.Key("answerKey").String(question.answer_label());
  }
  json.EndObject();
  return json.text();
}

absl::Status BadList(size_t at, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("not a list of strings: ", what, " at byte ", at));
}

// The value of `digits` hexadecimal digits at `at`; nullopt if they are not there.
std::optional<uint32_t> Hex(absl::string_view text, size_t at, size_t digits) {
  uint32_t value = 0;
  if (at + digits > text.size()) return std::nullopt;
  if (!absl::SimpleHexAtoi(text.substr(at, digits), &value)) return std::nullopt;
  for (char c : text.substr(at, digits)) {
    if (!absl::ascii_isxdigit(c)) return std::nullopt;
  }
  return value;
}

// Appends what the escape behind a backslash stands for; returns how many bytes it has, 0 if it is none.
size_t AppendEscape(absl::string_view text, size_t at, std::string* out) {
  const char c = text[at];
  constexpr absl::string_view kNames = "ntr\\'\"/";
  constexpr absl::string_view kValues = "\n\t\r\\'\"/";
  if (const size_t name = kNames.find(c); name != absl::string_view::npos) {
    *out += kValues[name];
    return 1;
  }
  const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (digits == 0) return 0;
  const std::optional<uint32_t> value = Hex(text, at + 1, digits);
  if (!value.has_value() || *value >= 0x110000 || (*value >= 0xd800 && *value < 0xe000)) return 0;
  edge::AppendUtf8(*value, out);
  return 1 + digits;
}

// Parses the string that begins at *at, and moves behind it.
absl::StatusOr<std::string> ParseString(absl::string_view text, size_t* at) {
  const char quote = text[*at];
  std::string value;
  for (size_t i = *at + 1; i < text.size();) {
    if (text[i] == quote) {
      *at = i + 1;
      return value;
    }
    if (text[i] != '\\') {
      value += text[i++];
      continue;
    }
    const size_t length = i + 1 < text.size() ? AppendEscape(text, i + 1, &value) : 0;
    if (length == 0) return BadList(i, "an escape that is none");
    i += 1 + length;
  }
  return BadList(*at, "a string without its end");
}

size_t SkipSpace(absl::string_view text, size_t at) {
  while (at < text.size() && absl::ascii_isspace(text[at])) ++at;
  return at;
}

}  // namespace

absl::StatusOr<RecordFields> RecordFields::Read(const v1::Document& document) {
  const std::string typed = document.has_record() ? "" : TypedRecord(document);
  const std::string& text = document.has_record() ? document.record() : typed;
  std::string error;
  std::optional<edge::JsonValue> value = edge::JsonValue::Parse(text, &error, {.bytes_max = kRecordBytesMax});
  if (!value.has_value()) return absl::InvalidArgumentError(absl::StrCat("the record is no JSON: ", error));
  if (!value->is_object()) return absl::InvalidArgumentError("the record is no JSON object");
  RecordFields fields;
  fields.value_ = *std::move(value);
  return fields;
}

const edge::JsonValue* RecordFields::Find(absl::string_view path) const {
  const auto member = [](const edge::JsonValue& value, absl::string_view name) {
    return value.Find(std::string_view(name.data(), name.size()));
  };
  // A member whose very name this is comes first: CSV's columns have names such as "Best Answer" and "a.b".
  if (const edge::JsonValue* whole = member(value_, path)) return whole;
  const edge::JsonValue* value = &value_;
  for (absl::string_view part : absl::StrSplit(path, '.')) {
    if (value->is_array()) {
      uint32_t index = 0;
      if (!absl::SimpleAtoi(part, &index) || index >= value->items().size()) return nullptr;
      value = &value->items()[index];
    } else {
      value = member(*value, part);
      if (value == nullptr) return nullptr;
    }
  }
  return value;
}

std::optional<std::string> RecordFields::Text(absl::string_view path) const {
  const edge::JsonValue* value = Find(path);
  return value == nullptr ? std::nullopt : ScalarText(*value);
}

std::optional<std::string> ScalarText(const edge::JsonValue& value) {
  if (value.is_string()) return value.string();
  if (value.integer().has_value()) return absl::StrCat(*value.integer());
  if (value.is_number()) return edge::JsonNumber(value.number());
  if (value.is_bool()) return value.boolean() ? "True" : "False";
  if (value.is_null()) return "";
  return std::nullopt;
}

absl::StatusOr<std::vector<std::string>> ParseStringList(absl::string_view text) {
  size_t at = SkipSpace(text, 0);
  if (at == text.size() || text[at] != '[') return BadList(at, "no [");
  at = SkipSpace(text, at + 1);
  std::vector<std::string> items;
  while (at < text.size() && text[at] != ']') {
    if (text[at] != '\'' && text[at] != '"') return BadList(at, "no string");
    if (items.size() == kListItemsMax)
      return BadList(at, absl::StrCat("more than ", kListItemsMax, " items"));
    absl::StatusOr<std::string> item = ParseString(text, &at);
    if (!item.ok()) return item.status();
    items.push_back(*std::move(item));
    at = SkipSpace(text, at);
    if (at < text.size() && text[at] == ',') {
      at = SkipSpace(text, at + 1);
    } else if (at < text.size() && text[at] != ']') {
      return BadList(at, "neither , nor ]");
    }
  }
  if (at == text.size()) return BadList(at, "no ]");
  if (SkipSpace(text, at + 1) != text.size()) return BadList(at + 1, "something behind the ]");
  return items;
}

}  // namespace bonsai
