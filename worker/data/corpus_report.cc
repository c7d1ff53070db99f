#include "worker/data/corpus_report.h"

#include "edge_runtime/model/json.h"

namespace bonsai {
namespace {

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
  WriteLengths(report.lengths, "bytes", json);
  json.Key("sources").BeginArray();
  for (const SourceReport& source : report.sources) WriteSource(source, json);
  json.EndArray().EndObject();
  return json.text() + "\n";
}

}  // namespace bonsai
