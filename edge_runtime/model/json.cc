#include "edge_runtime/model/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "edge_runtime/model/utf8.h"

namespace bonsai::edge {

// Recursive descent; the depth limit bounds the stack.
class JsonParser {
 public:
  JsonParser(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  std::optional<JsonValue> Parse(std::string* error) {
    if (text_.size() > limits_.bytes_max) {
      *error = "JSON of " + std::to_string(text_.size()) + " bytes; at most " +
               std::to_string(limits_.bytes_max) + " are read";
      return std::nullopt;
    }
    JsonValue value;
    bool ok = ParseValue(0, &value);
    if (ok) {
      SkipSpace();
      ok = at_ == text_.size() || Fail("text after the document's end");
    }
    if (ok) return value;
    *error = error_;
    return std::nullopt;
  }

 private:
  bool Fail(std::string_view what) {
    error_ = "JSON: " + std::string(what) + " at byte " + std::to_string(at_);
    return false;
  }

  void SkipSpace() {
    while (at_ < text_.size() && std::strchr(" \t\r\n", text_[at_]) != nullptr && text_[at_] != '\0') ++at_;
  }

  bool Consume(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool ConsumeWord(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return Fail("not a value");
    at_ += word.size();
    return true;
  }

  bool ParseValue(int depth, JsonValue* value) {
    SkipSpace();
    if (++values_ > limits_.values_max)
      return Fail("more than " + std::to_string(limits_.values_max) + " values");
    if (at_ >= text_.size()) return Fail("the document ends where a value should be");
    switch (text_[at_]) {
      case '{':
      case '[':
        if (depth >= limits_.depth_max)
          return Fail("nesting deeper than " + std::to_string(limits_.depth_max));
        return text_[at_] == '{' ? ParseObject(depth, value) : ParseArray(depth, value);
      case '"':
        value->type_ = JsonValue::Type::kString;
        return ParseString(&value->string_);
      case 't':
        value->type_ = JsonValue::Type::kBool;
        value->boolean_ = true;
        return ConsumeWord("true");
      case 'f':
        value->type_ = JsonValue::Type::kBool;
        return ConsumeWord("false");
      case 'n':
        return ConsumeWord("null");
      default:
        return ParseNumber(value);
    }
  }

  bool ParseArray(int depth, JsonValue* value) {
    value->type_ = JsonValue::Type::kArray;
    ++at_;
    SkipSpace();
    if (Consume(']')) return true;
    while (true) {
      value->items_.emplace_back();
      if (!ParseValue(depth + 1, &value->items_.back())) return false;
      SkipSpace();
      if (Consume(']')) return true;
      if (!Consume(',')) return Fail("expected ',' or ']'");
    }
  }

  bool ParseObject(int depth, JsonValue* value) {
    value->type_ = JsonValue::Type::kObject;
    ++at_;
    SkipSpace();
    if (Consume('}')) return true;
    while (true) {
      SkipSpace();
      if (at_ >= text_.size() || text_[at_] != '"') return Fail("expected a key");
      value->members_.emplace_back();
      JsonValue::Member& member = value->members_.back();
      if (!ParseString(&member.first)) return false;
      SkipSpace();
      if (!Consume(':')) return Fail("expected ':'");
      if (!ParseValue(depth + 1, &member.second)) return false;
      SkipSpace();
      if (Consume('}')) return CheckKeys(value->members_);
      if (!Consume(',')) return Fail("expected ',' or '}'");
    }
  }

  bool CheckKeys(const std::vector<JsonValue::Member>& members) {
    std::vector<std::string_view> keys;
    keys.reserve(members.size());
    for (const auto& member : members) keys.push_back(member.first);
    std::sort(keys.begin(), keys.end());
    const auto twin = std::adjacent_find(keys.begin(), keys.end());
    return twin == keys.end() || Fail("key " + JsonQuote(*twin) + " occurs twice in the object that ends");
  }

  bool ParseNumber(JsonValue* value) {
    const size_t begin = at_;
    const auto digits = [&] {
      const size_t from = at_;
      while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
      return at_ - from;
    };
    Consume('-');
    const size_t whole_at = at_;
    const size_t whole = digits();
    if (whole == 0) return Fail("not a value");
    if (whole > 1 && text_[whole_at] == '0') return Fail("a number that starts with 0");
    bool integral = true;
    if (Consume('.')) {
      integral = false;
      if (digits() == 0) return Fail("expected digits");
    }
    if (Consume('e') || Consume('E')) {
      integral = false;
      if (!Consume('+')) Consume('-');
      if (digits() == 0) return Fail("expected digits");
    }
    value->type_ = JsonValue::Type::kNumber;
    const char* first = text_.data() + begin;
    const char* last = text_.data() + at_;
    const auto result = std::from_chars(first, last, value->number_);
    if (result.ec != std::errc()) return Fail("a number out of range");
    int64_t whole_value = 0;
    if (integral && std::from_chars(first, last, whole_value).ec == std::errc())
      value->integer_ = whole_value;
    return true;
  }

  bool ParseString(std::string* out) {
    ++at_;
    while (at_ < text_.size()) {
      const unsigned char c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c == '\\') {
        if (!ParseEscape(out)) return false;
      } else if (c < 0x20) {
        return Fail("a control character in a string");
      } else {
        const size_t length = Utf8Length(text_.substr(at_, 4));
        if (length == 0) return Fail("malformed UTF-8");
        out->append(text_, at_, length);
        at_ += length;
      }
    }
    return Fail("a string without an end");
  }

  bool ParseEscape(std::string* out) {
    ++at_;
    if (at_ >= text_.size()) return Fail("a string without an end");
    static constexpr char kNames[] = "\"\\/bfnrt";
    static constexpr char kValues[] = "\"\\/\b\f\n\r\t";
    const char name = text_[at_];
    if (name == 'u') return ParseCodeEscape(out);
    const char* found = name == '\0' ? nullptr : std::strchr(kNames, name);
    if (found == nullptr) return Fail("unknown escape");
    out->push_back(kValues[found - kNames]);
    ++at_;
    return true;
  }

  bool ParseCodeEscape(std::string* out) {
    uint32_t code = 0;
    if (!ParseHex(&code)) return false;
    if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
      const size_t second_at = at_;
      uint32_t low = 0;
      ++at_;
      if (!ParseHex(&low)) return false;
      if (low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      } else {
        at_ = second_at;
      }
    }
    if (code >= 0xD800 && code < 0xE000) {
      out->append(kReplacementCharacter);
    } else {
      AppendUtf8(code, out);
    }
    return true;
  }

  // At the 'u' of an escape: reads it and its four digits.
  bool ParseHex(uint32_t* code) {
    const std::string_view hex = text_.substr(at_ + 1, 4);
    const auto result = std::from_chars(hex.data(), hex.data() + hex.size(), *code, 16);
    if (hex.size() < 4 || result.ptr != hex.data() + 4) return Fail("expected four hexadecimal digits");
    at_ += 5;
    return true;
  }

  std::string_view text_;
  const JsonLimits limits_;
  size_t at_ = 0;
  size_t values_ = 0;
  std::string error_;
};

std::optional<JsonValue> JsonValue::Parse(std::string_view text, std::string* error,
                                          const JsonLimits& limits) {
  return JsonParser(text, limits).Parse(error);
}

const JsonValue* JsonValue::Find(std::string_view key) const {
  for (const auto& member : members_) {
    if (member.first == key) return &member.second;
  }
  return nullptr;
}

std::string JsonValue::Describe() const {
  switch (type_) {
    case Type::kNull:
      return "null";
    case Type::kBool:
      return boolean_ ? "true" : "false";
    case Type::kNumber:
      return integer_ ? std::to_string(*integer_) : JsonNumber(number_);
    case Type::kString:
      return string_.size() <= 40 ? JsonQuote(string_)
                                  : "a string of " + std::to_string(string_.size()) + " bytes";
    case Type::kArray:
      return "an array of " + std::to_string(items_.size());
    case Type::kObject:
      return "an object";
  }
  return "";
}

}  // namespace bonsai::edge
