#include <charconv>
#include <cmath>

#include "edge_runtime/model/json.h"
#include "edge_runtime/model/utf8.h"

namespace bonsai::edge {
namespace {

template <typename T>
std::string Shortest(T value) {
  if (!std::isfinite(value)) return "null";
  char buffer[64];
  const auto result = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return std::string(buffer, result.ptr);
}

}  // namespace

std::string JsonQuote(std::string_view text) {
  std::string out = "\"";
  for (size_t i = 0; i < text.size();) {
    const size_t length = Utf8Length(text.substr(i, 4));
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (length == 0) {
      out.append(kReplacementCharacter);
    } else if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(static_cast<char>(c));
    } else if (c == '\n') {
      out.append("\\n");
    } else if (c == '\t') {
      out.append("\\t");
    } else if (c == '\r') {
      out.append("\\r");
    } else if (c < 0x20 || c == 0x7F) {
      static constexpr char kHex[] = "0123456789abcdef";
      out.append("\\u00");
      out.push_back(kHex[c >> 4]);
      out.push_back(kHex[c & 15]);
    } else {
      out.append(text, i, length);
    }
    i += length == 0 ? 1 : length;
  }
  out.push_back('"');
  return out;
}

std::string JsonNumber(double value) { return Shortest(value); }
std::string JsonNumber(float value) { return Shortest(value); }

JsonWriter& JsonWriter::Key(std::string_view key) {
  Raw(JsonQuote(key));
  text_.append(indented_ ? ": " : ":");
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::Raw(std::string_view token) {
  BeginValue();
  text_.append(token);
  return *this;
}

JsonWriter& JsonWriter::Open(char bracket) {
  BeginValue();
  text_.push_back(bracket);
  ++depth_;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  --depth_;
  if (!first_) Break();
  text_.push_back(bracket);
  first_ = false;
  return *this;
}

void JsonWriter::BeginValue() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (!first_) text_.push_back(',');
  if (depth_ > 0) Break();
  first_ = false;
}

void JsonWriter::Break() {
  if (!indented_) return;
  text_.push_back('\n');
  text_.append(static_cast<size_t>(depth_) * 2, ' ');
}

}  // namespace bonsai::edge
