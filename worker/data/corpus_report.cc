#include "worker/data/corpus_report.h"

#include <algorithm>
#include <bit>

#include "edge_runtime/model/json.h"

namespace bonsai {
namespace {

void WriteLengths(const LengthDistribution& lengths, edge::JsonWriter& json) {
  const double mean = lengths.count() == 0 ? 0 : static_cast<double>(lengths.total()) / lengths.count();
  json.BeginObject();
  json.Key("smallest").Integer(lengths.smallest()).Key("mean").Number(mean);
  json.Key("largest").Integer(lengths.largest()).Key("buckets").BeginArray();
  for (size_t i = 0; i < lengths.buckets().size(); ++i) {
    if (lengths.buckets()[i] == 0) continue;
    json.BeginObject().Key("from_bytes").Integer(i == 0 ? 0 : int64_t{1} << i);
    json.Key("documents").Integer(lengths.buckets()[i]).EndObject();
  }
  json.EndArray().EndObject();
}

void WriteSource(const SourceReport& report, edge::JsonWriter& json) {
  const v1::DatasetSource& source = report.source;
  json.BeginObject();
  json.Key("dataset").String(source.dataset()).Key("split").String(source.split());
  json.Key("file").String(source.file()).Key("home").String(source.home());
  json.Key("licence").String(source.licence()).Key("sha256").String(source.sha256());
  json.Key("size_bytes").Integer(source.size_bytes()).Key("documents").Integer(source.documents());
  json.Key("kept").Integer(report.kept).Key("duplicates_dropped").Integer(report.duplicates);
  json.Key("empty_dropped").Integer(report.empty);
  json.Key("invalid_utf8_bytes_replaced").Integer(report.bytes_replaced);
  json.EndObject();
}

}  // namespace

void LengthDistribution::Add(uint64_t bytes) {
  ++count_;
  total_ += bytes;
  smallest_ = std::min(smallest_, bytes);
  largest_ = std::max(largest_, bytes);
  ++buckets_[bytes == 0 ? 0 : std::bit_width(bytes) - 1];
}

uint64_t CorpusReport::duplicates() const {
  uint64_t duplicates = 0;
  for (const SourceReport& source : sources) duplicates += source.duplicates;
  return duplicates;
}

std::string WriteCorpusReport(const CorpusReport& report) {
  edge::JsonWriter json(/*indented=*/true);
  json.BeginObject();
  json.Key("format").String(report.format).Key("documents").Integer(report.lengths.count());
  json.Key("bytes").Integer(report.lengths.total()).Key("duplicates_dropped").Integer(report.duplicates());
  json.Key("max_documents_reached").Bool(report.max_documents_reached);
  json.Key("document_bytes");
  WriteLengths(report.lengths, json);
  json.Key("sources").BeginArray();
  for (const SourceReport& source : report.sources) WriteSource(source, json);
  json.EndArray().EndObject();
  return json.text() + "\n";
}

}  // namespace bonsai
