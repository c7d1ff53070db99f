#include "worker/data/csv_reader.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {
constexpr size_t kBufferBytes = 1 << 18;
}

CsvReader::CsvReader(std::unique_ptr<ByteStream> stream)
    : stream_(std::move(stream)), buffer_(kBufferBytes) {}

absl::Status CsvReader::Wrong(uint64_t line, absl::string_view what) const {
  return absl::DataLossError(absl::StrCat(stream_->name(), ": line ", line, ": ", what));
}

absl::StatusOr<bool> CsvReader::Peek(char* c) {
  if (begin_ == end_) {
    const absl::StatusOr<size_t> n = stream_->Read(buffer_.data(), buffer_.size());
    if (!n.ok()) return n.status();
    begin_ = 0;
    end_ = *n;
    if (*n == 0) return false;
  }
  *c = buffer_[begin_];
  return true;
}

void CsvReader::Take(char c) {
  ++begin_;
  ++row_bytes_;
  if (c == '\n') ++line_;
}

// Behind the opening quote; takes the closing one.
absl::Status CsvReader::ReadQuoted(std::string* field) {
  const uint64_t start = line_;
  while (true) {
    char c = '\0';
    absl::StatusOr<bool> more = Peek(&c);
    if (!more.ok()) return more.status();
    if (!*more) return Wrong(start, "a field's opening quote is never closed");
    if (row_bytes_ == kRowBytesMax)
      return Wrong(row_line_, absl::StrCat("the row is longer than ", kRowBytesMax, " bytes"));
    Take(c);
    if (c != '"') {
      field->push_back(c);
      continue;
    }
    more = Peek(&c);
    if (!more.ok()) return more.status();
    if (!*more || c != '"') return absl::OkStatus();
    Take(c);
    field->push_back(c);
  }
}

// Up to the comma or line end behind the field, which is not taken.
absl::Status CsvReader::ReadField(std::string* field) {
  field->clear();
  char c = '\0';
  absl::StatusOr<bool> more = Peek(&c);
  const bool quoted = more.ok() && *more && c == '"';
  if (quoted) {
    Take(c);
    if (absl::Status read = ReadQuoted(field); !read.ok()) return read;
    more = Peek(&c);
  }
  while (more.ok() && *more && c != ',' && c != '\n') {
    if (c == '"' && !quoted) return Wrong(line_, "a quote within a field that does not begin with one");
    // CR LF ends a row; a CR alone is a character like others.
    if (row_bytes_ == kRowBytesMax)
      return Wrong(row_line_, absl::StrCat("the row is longer than ", kRowBytesMax, " bytes"));
    Take(c);
    const char taken = c;
    more = Peek(&c);
    if (taken == '\r' && (!more.ok() || !*more || c == '\n')) break;
    if (quoted) return Wrong(line_, "other characters follow a field's closing quote");
    field->push_back(taken);
  }
  return more.status();
}

// A row of one empty field is an empty line.
absl::StatusOr<bool> CsvReader::ReadRow(std::vector<std::string>* fields) {
  while (true) {
    fields->clear();
    row_line_ = line_;
    row_bytes_ = 0;
    char c = ',';
    absl::StatusOr<bool> more = Peek(&c);
    if (!more.ok() || !*more) return more;
    while (true) {
      fields->emplace_back();
      if (absl::Status read = ReadField(&fields->back()); !read.ok()) return read;
      more = Peek(&c);
      if (!more.ok()) return more.status();
      if (!*more) break;
      Take(c);
      if (c == '\n') break;
      if (fields->size() == kRowFieldsMax)
        return Wrong(row_line_, absl::StrCat("the row has more than ", kRowFieldsMax, " fields"));
    }
    if (fields->size() > 1 || !fields->front().empty()) return true;
    if (names_.size() == 1) return true;
  }
}

absl::Status CsvReader::ReadNames() {
  const absl::StatusOr<bool> more = ReadRow(&names_);
  if (!more.ok()) return more.status();
  if (!*more) return Wrong(1, "the file is empty; its first line has to name the fields");
  std::set<std::string> seen;
  for (const std::string& name : names_) {
    if (!seen.insert(name).second)
      return Wrong(row_line_, absl::StrCat("the name \"", name, "\" comes twice"));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> CsvReader::Next(std::vector<std::string>* fields) {
  if (names_.empty()) {
    if (absl::Status read = ReadNames(); !read.ok()) return read;
  }
  const absl::StatusOr<bool> more = ReadRow(fields);
  if (!more.ok() || !*more) return more;
  if (fields->size() == names_.size()) return true;
  return Wrong(row_line_,
               absl::StrCat("the row has ", fields->size(), " fields; the first line names ", names_.size()));
}

}  // namespace bonsai
