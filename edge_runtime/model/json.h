// The project's one JSON reader: a document tree from a buffer, strict (RFC 8259) and bounded, and a small
// writer. Model files, corpora and task files are read with it; whoever reads a big file raises the limits.
//
// Values are plain and immutable once parsed. Standard library only.
#ifndef BONSAI_EDGE_RUNTIME_MODEL_JSON_H_
#define BONSAI_EDGE_RUNTIME_MODEL_JSON_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bonsai::edge {

struct JsonLimits {
  size_t bytes_max = size_t{64} << 20;
  int depth_max = 64;                   // arrays and objects inside one another
  size_t values_max = size_t{1} << 20;  // of all kinds, over the whole document
};

class JsonValue {
 public:
  enum class Type { kNull, kBool, kNumber, kString, kArray, kObject };
  using Member = std::pair<std::string, JsonValue>;

  // Parses one document; only white space may follow it. On failure returns nullopt; *error says what is
  // wrong at which byte. A key that occurs twice in an object is an error, as is text that is not UTF-8. A
  // lone surrogate escape (\ud800), which other writers let through, becomes U+FFFD.
  static std::optional<JsonValue> Parse(std::string_view text, std::string* error,
                                        const JsonLimits& limits = {});

  Type type() const { return type_; }
  bool is_null() const { return type_ == Type::kNull; }
  bool is_bool() const { return type_ == Type::kBool; }
  bool is_number() const { return type_ == Type::kNumber; }
  bool is_string() const { return type_ == Type::kString; }
  bool is_array() const { return type_ == Type::kArray; }
  bool is_object() const { return type_ == Type::kObject; }

  // Each returns a neutral value (false, 0, "", nothing) if the value is of another type.
  bool boolean() const { return boolean_; }
  double number() const { return number_; }
  const std::string& string() const { return string_; }
  const std::vector<JsonValue>& items() const { return items_; }
  const std::vector<Member>& members() const { return members_; }  // in the document's order

  // The number if it is written as an integer and fits; otherwise nullopt.
  std::optional<int64_t> integer() const { return integer_; }

  // An object's member; nullptr if there is none or this is no object.
  const JsonValue* Find(std::string_view key) const;

  // "null", "a number", ... and short values themselves: for error messages.
  std::string Describe() const;

 private:
  friend class JsonParser;

  Type type_ = Type::kNull;
  bool boolean_ = false;
  double number_ = 0;
  std::optional<int64_t> integer_;
  std::string string_;
  std::vector<JsonValue> items_;
  std::vector<Member> members_;
};

// `text` as a JSON string, with its quotes. Malformed UTF-8 becomes U+FFFD.
std::string JsonQuote(std::string_view text);

// The shortest text that reads back as `value`; null for NaN and infinities, which JSON lacks.
std::string JsonNumber(double value);
// The same for a float: 0.1f gives 0.1.
std::string JsonNumber(float value);

// Writes a document piece by piece. Commas and (if indented) line breaks are its business; that calls nest
// rightly is the caller's.
class JsonWriter {
 public:
  explicit JsonWriter(bool indented = false) : indented_(indented) {}

  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  JsonWriter& Key(std::string_view key);
  JsonWriter& String(std::string_view value) { return Raw(JsonQuote(value)); }
  JsonWriter& Number(double value) { return Raw(JsonNumber(value)); }
  JsonWriter& Number(float value) { return Raw(JsonNumber(value)); }
  JsonWriter& Integer(int64_t value) { return Raw(std::to_string(value)); }
  JsonWriter& Bool(bool value) { return Raw(value ? "true" : "false"); }
  JsonWriter& Null() { return Raw("null"); }

  const std::string& text() const { return text_; }

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  JsonWriter& Raw(std::string_view token);
  void BeginValue();
  void Break();

  bool indented_;
  int depth_ = 0;
  bool first_ = true;
  bool after_key_ = false;
  std::string text_;
};

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_MODEL_JSON_H_
