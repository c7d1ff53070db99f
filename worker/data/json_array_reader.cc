#include "worker/data/json_array_reader.h"

#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "edge_runtime/model/json.h"

namespace bonsai {
namespace {
constexpr size_t kBufferBytes = 1 << 18;
}

JsonArrayReader::JsonArrayReader(std::unique_ptr<ByteStream> stream, std::string member)
    : stream_(std::move(stream)), wanted_(std::move(member)), buffer_(kBufferBytes) {}

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

absl::StatusOr<char> JsonArrayReader::TakeAndPeek() {
  ++begin_;
  ++offset_;
  return PeekAfterSpace();
}

absl::Status JsonArrayReader::ReadValue(int64_t depth) {
  element_.clear();
  element_offset_ = offset_;
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
    if (keep_) element_.push_back(c);
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
  } while (depth > 0 || in_string);
  return absl::OkStatus();
}

// At the first byte of a value.
absl::Status JsonArrayReader::SkipValue() {
  absl::StatusOr<char> c = PeekAfterSpace();
  if (!c.ok()) return c.status();
  if (*c == '{' || *c == '[' || *c == '"') {
    keep_ = false;
    const absl::Status read = ReadValue(0);
    keep_ = true;
    return read;
  }
  const uint64_t start = offset_;
  char next = *c;
  absl::StatusOr<bool> more = *c != '\0';
  while (more.ok() && *more && (absl::ascii_isalnum(next) || next == '-' || next == '+' || next == '.')) {
    ++begin_;
    ++offset_;
    more = Peek(&next);
  }
  if (!more.ok()) return more.status();
  return offset_ > start ? absl::OkStatus() : Unexpected(*c, "a value");
}

absl::StatusOr<bool> JsonArrayReader::OpenWanted() {
  absl::StatusOr<char> c = PeekAfterSpace();
  if (!c.ok()) return c.status();
  if (*c != '[') {
    if (wanted_ == "*") return false;
    return Unexpected(*c, absl::StrCat("'[', the start of the array \"", current_, "\","));
  }
  if (c = TakeAndPeek(); !c.ok()) return c.status();
  if (*c == '{' || *c == ']' || wanted_ != "*") return true;
  // An array of something else than objects: its rest is passed over.
  keep_ = false;
  const absl::Status read = ReadValue(1);
  keep_ = true;
  if (!read.ok()) return read;
  return false;
}

absl::StatusOr<bool> JsonArrayReader::OpenMember() {
  absl::StatusOr<char> c = PeekAfterSpace();
  if (!c.ok()) return c.status();
  bool first = !opened_;
  if (first) {
    if (*c != '{')
      return Unexpected(*c, absl::StrCat("'{', the start of an object with the array \"", wanted_, "\","));
    opened_ = true;
    if (c = TakeAndPeek(); !c.ok()) return c.status();
  }
  while (*c != '}') {
    if (!first) {
      if (*c != ',') return Unexpected(*c, "',' or '}'");
      if (c = TakeAndPeek(); !c.ok()) return c.status();
    }
    first = false;
    if (*c != '"') return Unexpected(*c, "a member's name");
    if (absl::Status read = ReadValue(0); !read.ok()) return read;
    std::string error;
    const std::optional<edge::JsonValue> name = edge::JsonValue::Parse(element_, &error);
    if (!name.has_value()) return Unexpected('"', absl::StrCat("a member's name (", error, ")"));
    current_ = name->string();
    if (c = PeekAfterSpace(); !c.ok()) return c.status();
    if (*c != ':') return Unexpected(*c, "':'");
    if (c = TakeAndPeek(); !c.ok()) return c.status();
    if (wanted_ == "*" || current_ == wanted_) {
      // An array that does not count has been passed over; another value has not.
      const bool array = *c == '[';
      absl::StatusOr<bool> opened = OpenWanted();
      if (!opened.ok() || *opened) return opened;
      if (!array) {
        if (absl::Status skipped = SkipValue(); !skipped.ok()) return skipped;
      }
    } else if (absl::Status skipped = SkipValue(); !skipped.ok()) {
      return skipped;
    }
    if (c = PeekAfterSpace(); !c.ok()) return c.status();
  }
  if (c = TakeAndPeek(); !c.ok()) return c.status();
  return false;
}

absl::StatusOr<bool> JsonArrayReader::NextElement() {
  absl::StatusOr<char> c = PeekAfterSpace();
  if (!c.ok()) return c.status();
  if (count_ > 0 && *c == ',') {
    if (c = TakeAndPeek(); !c.ok()) return c.status();
    if (*c == ']') return Unexpected(*c, "another element");
  } else if (count_ > 0 && *c != ']') {
    return Unexpected(*c, "',' or ']'");
  }
  if (*c == ']') {
    if (c = TakeAndPeek(); !c.ok()) return c.status();
    return false;
  }
  if (*c != '{') return Unexpected(*c, "'{', the start of an object,");
  if (absl::Status read = ReadValue(0); !read.ok()) return read;
  ++count_;
  return true;
}

absl::Status JsonArrayReader::Finish() {
  closed_ = true;
  const absl::StatusOr<char> c = PeekAfterSpace();
  if (!c.ok()) return c.status();
  if (*c != '\0' || begin_ != end_) return Unexpected(*c, "nothing but white space");
  if (arrays_ > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(stream_->name(), ": the object has no member ",
                   wanted_ == "*" ? "that is an array of objects"
                                  : absl::StrCat("\"", wanted_, "\", the array of records")));
}

absl::StatusOr<bool> JsonArrayReader::Next(absl::string_view* element) {
  while (!closed_) {
    if (!in_array_ && wanted_.empty()) {
      absl::StatusOr<char> c = PeekAfterSpace();
      if (!c.ok()) return c.status();
      if (*c != '[') return Unexpected(*c, "'[', the start of an array,");
      if (c = TakeAndPeek(); !c.ok()) return c.status();
      opened_ = true;
    } else if (!in_array_) {
      const absl::StatusOr<bool> found = OpenMember();
      if (!found.ok()) return found.status();
      if (!*found) {
        if (absl::Status whole = Finish(); !whole.ok()) return whole;
        break;
      }
    }
    if (!in_array_) {
      in_array_ = true;
      count_ = 0;
      ++arrays_;
    }
    const absl::StatusOr<bool> more = NextElement();
    if (!more.ok()) return more;
    if (*more) {
      *element = element_;
      return true;
    }
    in_array_ = false;
    if (!wanted_.empty()) continue;
    if (absl::Status whole = Finish(); !whole.ok()) return whole;
  }
  return false;
}

}  // namespace bonsai
