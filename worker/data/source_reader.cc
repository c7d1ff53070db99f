#include "worker/data/source_reader.h"

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "edge_runtime/model/json.h"
#include "worker/data/csv_reader.h"
#include "worker/data/gzip_stream.h"
#include "worker/data/json_array_reader.h"
#include "worker/data/line_reader.h"
#include "worker/data/plain_stream.h"
#include "worker/data/record_formats.h"
#include "worker/data/utf8_repair.h"

namespace bonsai {
namespace {

using ReadRecord = absl::Status (*)(const edge::JsonValue&, v1::Document*);

// The file's name without the machine's folders.
absl::string_view BaseName(const ByteStream& stream) {
  const absl::string_view path = stream.name();
  return path.substr(path.rfind('/') + 1);
}

// Text of a TEXT file that a reader holds.
constexpr size_t kTextBytesMax = 32 << 20;

// Parses one record's text and counts what had to be repaired. `place` names it in errors.
class RecordParser {
 public:
  explicit RecordParser(ReadRecord read) : read_(read) {}

  absl::Status Parse(absl::string_view text, const std::function<std::string()>& place,
                     v1::Document* document) {
    const uint64_t replaced = RepairUtf8(text, &repaired_);
    if (replaced > 0) text = repaired_;
    bytes_replaced_ += replaced;
    std::string error;
    const std::optional<edge::JsonValue> record = edge::JsonValue::Parse({text.data(), text.size()}, &error);
    if (!record) return absl::InvalidArgumentError(absl::StrCat(place(), ": not JSON: ", error));
    const absl::Status status = read_(*record, document);
    if (!status.ok()) return absl::Status(status.code(), absl::StrCat(place(), ": ", status.message()));
    // As its source wrote it: numbers and the order of members stay.
    if (read_ == ReadAnyRecord) document->set_record(std::string(absl::StripAsciiWhitespace(text)));
    return status;
  }

  uint64_t bytes_replaced() const { return bytes_replaced_; }

 private:
  const ReadRecord read_;
  std::string repaired_;
  uint64_t bytes_replaced_ = 0;
};

class JsonLinesSource final : public SourceReader {
 public:
  JsonLinesSource(std::unique_ptr<ByteStream> stream, ReadRecord read)
      : lines_(std::move(stream)), parser_(read) {}

  absl::StatusOr<bool> Next(v1::Document* document) override {
    absl::string_view line;
    do {
      absl::StatusOr<bool> more = lines_.Next(&line);
      if (!more.ok() || !*more) return more;
    } while (line.find_first_not_of(" \t\r") == absl::string_view::npos);
    const auto place = [this] { return absl::StrCat(lines_.stream().name(), ": line ", lines_.number()); };
    if (absl::Status parsed = parser_.Parse(line, place, document); !parsed.ok()) return parsed;
    if (document->has_record() && document->id().empty())
      document->set_id(absl::StrCat(BaseName(lines_.stream()), ":", lines_.number()));
    return true;
  }

  uint64_t bytes_replaced() const override { return parser_.bytes_replaced(); }
  uint64_t file_offset() const override { return lines_.stream().file_offset(); }

 private:
  LineReader lines_;
  RecordParser parser_;
};

class JsonArraySource final : public SourceReader {
 public:
  JsonArraySource(std::unique_ptr<ByteStream> stream, ReadRecord read, const std::string& member = "")
      : array_(std::move(stream), member), parser_(read) {}

  absl::StatusOr<bool> Next(v1::Document* document) override {
    absl::string_view element;
    absl::StatusOr<bool> more = array_.Next(&element);
    if (!more.ok() || !*more) return more;
    const auto place = [this] {
      return absl::StrCat(array_.stream().name(), ": element ", array_.index(), " at byte ",
                          array_.element_offset());
    };
    if (absl::Status parsed = parser_.Parse(element, place, document); !parsed.ok()) return parsed;
    if (document->has_record() && document->id().empty()) {
      const std::string& member = array_.member();
      document->set_id(
          absl::StrCat(BaseName(array_.stream()), ":", member, member.empty() ? "" : ":", array_.index()));
    }
    return true;
  }

  uint64_t bytes_replaced() const override { return parser_.bytes_replaced(); }
  uint64_t file_offset() const override { return array_.stream().file_offset(); }

 private:
  JsonArrayReader array_;
  RecordParser parser_;
};

// Each row as an object of strings.
class CsvSource final : public SourceReader {
 public:
  explicit CsvSource(std::unique_ptr<ByteStream> stream) : rows_(std::move(stream)), parser_(ReadAnyRecord) {}

  absl::StatusOr<bool> Next(v1::Document* document) override {
    absl::StatusOr<bool> more = rows_.Next(&fields_);
    if (!more.ok() || !*more) return more;
    edge::JsonWriter record;
    record.BeginObject();
    for (size_t i = 0; i < fields_.size(); ++i) {
      bytes_replaced_ += Repair(&fields_[i]);
      std::string name = rows_.names()[i];
      Repair(&name);
      record.Key(name).String(fields_[i]);
    }
    record.EndObject();
    const auto place = [this] { return absl::StrCat(rows_.stream().name(), ": line ", rows_.line()); };
    if (absl::Status parsed = parser_.Parse(record.text(), place, document); !parsed.ok()) return parsed;
    if (document->id().empty()) document->set_id(absl::StrCat(BaseName(rows_.stream()), ":", rows_.line()));
    return true;
  }

  uint64_t bytes_replaced() const override { return bytes_replaced_; }
  uint64_t file_offset() const override { return rows_.stream().file_offset(); }

 private:
  static uint64_t Repair(std::string* text) {
    std::string repaired;
    const uint64_t replaced = RepairUtf8(*text, &repaired);
    if (replaced > 0) *text = std::move(repaired);
    return replaced;
  }

  CsvReader rows_;
  RecordParser parser_;
  std::vector<std::string> fields_;
  uint64_t bytes_replaced_ = 0;
};

// The whole file as one document.
class TextSource final : public SourceReader {
 public:
  explicit TextSource(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)) {}

  absl::StatusOr<bool> Next(v1::Document* document) override {
    if (read_) return false;
    read_ = true;
    std::string text;
    for (size_t n = 1; n > 0;) {
      const size_t size = text.size();
      text.resize(size + (1 << 16));
      const absl::StatusOr<size_t> got = stream_->Read(text.data() + size, text.size() - size);
      if (!got.ok()) return got.status();
      n = *got;
      text.resize(size + n);
      if (text.size() <= kTextBytesMax) continue;
      return absl::DataLossError(absl::StrCat(stream_->name(), " is longer than ", kTextBytesMax,
                                              " bytes, the most that one document may have"));
    }
    document->Clear();
    document->set_id(std::string(BaseName(*stream_)));
    std::string repaired;
    bytes_replaced_ = RepairUtf8(text, &repaired);
    document->set_text(bytes_replaced_ > 0 ? std::move(repaired) : std::move(text));
    return true;
  }

  uint64_t bytes_replaced() const override { return bytes_replaced_; }
  uint64_t file_offset() const override { return stream_->file_offset(); }

 private:
  const std::unique_ptr<ByteStream> stream_;
  bool read_ = false;
  uint64_t bytes_replaced_ = 0;
};

absl::Status UnknownFormat(v1::DataSpec::Format format) {
  return absl::InvalidArgumentError(absl::StrCat("format is ", v1::DataSpec::Format_Name(format),
                                                 "; valid are C4_JSON_GZ, ALPACA_JSON, COMMONSENSEQA_JSONL, "
                                                 "JSON_LINES, JSON_ARRAY, CSV, TEXT"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SourceReader>> SourceReader::Open(v1::DataSpec::Format format,
                                                                 const std::string& path,
                                                                 const std::string& records_field) {
  absl::StatusOr<std::unique_ptr<ByteStream>> file = ByteStream::OpenFile(path);
  if (!file.ok()) return file.status();
  return Over(format, *std::move(file), records_field);
}

absl::StatusOr<std::unique_ptr<SourceReader>> SourceReader::Over(v1::DataSpec::Format format,
                                                                 std::unique_ptr<ByteStream> file,
                                                                 const std::string& records_field) {
  switch (format) {
    case v1::DataSpec::C4_JSON_GZ:
      return std::make_unique<JsonLinesSource>(InflateGzip(std::move(file)), ReadC4Record);
    case v1::DataSpec::ALPACA_JSON:
      return std::make_unique<JsonArraySource>(std::move(file), ReadAlpacaRecord);
    case v1::DataSpec::COMMONSENSEQA_JSONL:
      return std::make_unique<JsonLinesSource>(std::move(file), ReadCommonsenseQaRecord);
    case v1::DataSpec::JSON_LINES:
    case v1::DataSpec::JSON_ARRAY:
    case v1::DataSpec::CSV:
    case v1::DataSpec::TEXT:
      break;
    default:
      return UnknownFormat(format);
  }
  absl::StatusOr<std::unique_ptr<ByteStream>> plain = OpenPlain(std::move(file));
  if (!plain.ok()) return plain.status();
  if (format == v1::DataSpec::JSON_LINES)
    return std::make_unique<JsonLinesSource>(*std::move(plain), ReadAnyRecord);
  if (format == v1::DataSpec::JSON_ARRAY)
    return std::make_unique<JsonArraySource>(*std::move(plain), ReadAnyRecord, records_field);
  if (format == v1::DataSpec::CSV) return std::make_unique<CsvSource>(*std::move(plain));
  return std::make_unique<TextSource>(*std::move(plain));
}

absl::StatusOr<std::string> CorpusFormat(v1::DataSpec::Format format) {
  switch (format) {
    case v1::DataSpec::C4_JSON_GZ:
    case v1::DataSpec::TEXT:
      return "text";
    case v1::DataSpec::JSON_LINES:
    case v1::DataSpec::JSON_ARRAY:
    case v1::DataSpec::CSV:
      return "records";
    case v1::DataSpec::ALPACA_JSON:
      return "instructions";
    case v1::DataSpec::COMMONSENSEQA_JSONL:
      return "multiple_choice";
    default:
      return UnknownFormat(format);
  }
}

}  // namespace bonsai
