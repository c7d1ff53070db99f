#include "worker/data/json_array_reader.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {
constexpr size_t kBufferBytes = 1 << 18;
}

JsonArrayReader::JsonArrayReader(std::unique_ptr<ByteStream> stream)
    : stream_(std::move(stream)), buffer_(kBufferBytes) {}

absl::Status JsonArrayReader::Unexpected(char c, absl::string_view wanted) const {
  const std::string found = c == '\0' ? std::string("the end of the file")
                                      : absl::StrCat("'", absl::CHexEscape(std::string(1, c)), "'");
  return absl::DataLossError(absl::StrCat(stream_->name(), ": byte ", offset_, ", after element ",
                                          static_cast<int64_t>(count_) - 1, ": found ", found, " where ",
                                          wanted, " is needed"));
}

absl::StatusOr<bool> JsonArrayReader::Peek(char* c) {
  if (begin_ == end_) {
    absl::StatusOr<size_t> n = stream_->Read(buffer_.data(), buffer_.size());
    if (!n.ok()) return n.status();
    begin_ = 0;
    end_ = *n;
    if (*n == 0) return false;
  }
  *c = buffer_[begin_];
  return true;
}

absl::StatusOr<char> JsonArrayReader::PeekAfterSpace() {
  while (true) {
    char c = '\0';
    absl::StatusOr<bool> more = Peek(&c);
    if (!more.ok()) return more.status();
    if (!*more) return '\0';
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return c;
    ++begin_;
    ++offset_;
  }
}

absl::Status JsonArrayReader::ReadObject() {
  element_.clear();
  element_offset_ = offset_;
  int64_t depth = 0;
  bool in_string = false;
  bool escaped = false;
  do {
    char c = '\0';
    absl::StatusOr<bool> more = Peek(&c);
    if (!more.ok()) return more.status();
    if (!*more)
      return Unexpected('\0', absl::StrCat("the end of the element that starts at byte ", element_offset_));
    if (element_.size() == kElementBytesMax) {
      return absl::DataLossError(absl::StrCat(stream_->name(), ": element ", count_, " at byte ",
                                              element_offset_, " is longer than ", kElementBytesMax,
                                              " bytes"));
    }
    element_.push_back(c);
    ++begin_;
    ++offset_;
    if (in_string) {
      in_string = escaped || c != '"';
      escaped = !escaped && c == '\\';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  } while (depth > 0);
  return absl::OkStatus();
}

absl::StatusOr<bool> JsonArrayReader::Next(absl::string_view* element) {
  if (closed_) return false;
  absl::StatusOr<char> c = PeekAfterSpace();
  if (!c.ok()) return c.status();
  const auto take = [this] {
    ++begin_;
    ++offset_;
    return PeekAfterSpace();
  };
  if (!opened_) {
    if (*c != '[') return Unexpected(*c, "'[', the start of an array,");
    opened_ = true;
    if (c = take(); !c.ok()) return c.status();
  } else if (*c == ',') {
    if (c = take(); !c.ok()) return c.status();
    if (*c == ']') return Unexpected(*c, "another element");
  } else if (*c != ']') {
    return Unexpected(*c, "',' or ']'");
  }
  if (*c == ']') {
    if (c = take(); !c.ok()) return c.status();
    if (*c != '\0' || begin_ != end_) return Unexpected(*c, "nothing but white space");
    closed_ = true;
    return false;
  }
  if (*c != '{') return Unexpected(*c, "'{', the start of an object,");
  if (absl::Status read = ReadObject(); !read.ok()) return read;
  ++count_;
  *element = element_;
  return true;
}

}  // namespace bonsai
