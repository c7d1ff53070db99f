#include "worker/data/source_reader.h"

#include <functional>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "edge_runtime/model/json.h"
#include "worker/data/gzip_stream.h"
#include "worker/data/json_array_reader.h"
#include "worker/data/line_reader.h"
#include "worker/data/record_formats.h"
#include "worker/data/utf8_repair.h"

namespace bonsai {
namespace {

using ReadRecord = absl::Status (*)(const edge::JsonValue&, v1::Document*);

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
    if (status.ok()) return status;
    return absl::Status(status.code(), absl::StrCat(place(), ": ", status.message()));
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
  JsonArraySource(std::unique_ptr<ByteStream> stream, ReadRecord read)
      : array_(std::move(stream)), parser_(read) {}

  absl::StatusOr<bool> Next(v1::Document* document) override {
    absl::string_view element;
    absl::StatusOr<bool> more = array_.Next(&element);
    if (!more.ok() || !*more) return more;
    const auto place = [this] {
      return absl::StrCat(array_.stream().name(), ": element ", array_.index(), " at byte ",
                          array_.element_offset());
    };
    if (absl::Status parsed = parser_.Parse(element, place, document); !parsed.ok()) return parsed;
    return true;
  }

  uint64_t bytes_replaced() const override { return parser_.bytes_replaced(); }
  uint64_t file_offset() const override { return array_.stream().file_offset(); }

 private:
  JsonArrayReader array_;
  RecordParser parser_;
};

absl::Status UnknownFormat(v1::DataSpec::Format format) {
  return absl::InvalidArgumentError(absl::StrCat("format is ", v1::DataSpec::Format_Name(format),
                                                 "; valid are C4_JSON_GZ, ALPACA_JSON, COMMONSENSEQA_JSONL"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SourceReader>> SourceReader::Open(v1::DataSpec::Format format,
                                                                 const std::string& path) {
  absl::StatusOr<std::unique_ptr<ByteStream>> file = ByteStream::OpenFile(path);
  if (!file.ok()) return file.status();
  return Over(format, *std::move(file));
}

absl::StatusOr<std::unique_ptr<SourceReader>> SourceReader::Over(v1::DataSpec::Format format,
                                                                 std::unique_ptr<ByteStream> file) {
  switch (format) {
    case v1::DataSpec::C4_JSON_GZ:
      return std::make_unique<JsonLinesSource>(InflateGzip(std::move(file)), ReadC4Record);
    case v1::DataSpec::ALPACA_JSON:
      return std::make_unique<JsonArraySource>(std::move(file), ReadAlpacaRecord);
    case v1::DataSpec::COMMONSENSEQA_JSONL:
      return std::make_unique<JsonLinesSource>(std::move(file), ReadCommonsenseQaRecord);
    default:
      return UnknownFormat(format);
  }
}

absl::StatusOr<std::string> CorpusFormat(v1::DataSpec::Format format) {
  switch (format) {
    case v1::DataSpec::C4_JSON_GZ:
      return "text";
    case v1::DataSpec::ALPACA_JSON:
      return "instructions";
    case v1::DataSpec::COMMONSENSEQA_JSONL:
      return "multiple_choice";
    default:
      return UnknownFormat(format);
  }
}

}  // namespace bonsai
