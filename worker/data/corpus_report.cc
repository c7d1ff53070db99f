#include "worker/data/corpus_report.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
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
  json.Key("empty_dropped").Integer(report.empty).Key("too_short_dropped").Integer(report.too_short);
  json.Key("invalid_utf8_bytes_replaced").Integer(report.bytes_replaced);
  json.EndObject();
}

struct Dropped {
  uint64_t duplicates = 0;
  uint64_t empty = 0;
  uint64_t too_short = 0;
};

Dropped DroppedOf(const CorpusReport& report) {
  Dropped dropped;
  for (const SourceReport& source : report.sources) {
    dropped.duplicates += source.duplicates;
    dropped.empty += source.empty;
    dropped.too_short += source.too_short;
  }
  return dropped;
}

double ShareOf(uint64_t part, const ScriptCounts& letters) {
  const uint64_t all = letters.letters();
  return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

void WriteScripts(const CorpusScripts& scripts, edge::JsonWriter& json) {
  const ScriptCounts& letters = scripts.letters;
  json.BeginObject().Key("letters").Integer(letters.letters());
  json.Key("latin").Number(ShareOf(letters.latin, letters)).Key("han").Number(ShareOf(letters.han, letters));
  json.Key("other").Number(ShareOf(letters.other, letters)).Key("documents").BeginObject();
  json.Key("mostly_latin").Integer(scripts.mostly_latin).Key("mostly_han").Integer(scripts.mostly_han);
  json.Key("mostly_other").Integer(scripts.mostly_other).Key("mixed").Integer(scripts.mixed);
  json.Key("without_letters").Integer(scripts.without_letters).EndObject().EndObject();
}

}  // namespace

void CorpusScripts::AddDocument(const ScriptCounts& counts) {
  letters.Add(counts);
  const uint64_t all = counts.letters();
  const auto most = [all](uint64_t part) { return 2 * part > all; };
  ++(all == 0             ? without_letters
     : most(counts.latin) ? mostly_latin
     : most(counts.han)   ? mostly_han
     : most(counts.other) ? mostly_other
                          : mixed);
}

std::string WriteCorpusReport(const CorpusReport& report) {
  const Dropped dropped = DroppedOf(report);
  edge::JsonWriter json(/*indented=*/true);
  json.BeginObject();
  json.Key("format").String(report.format).Key("documents").Integer(report.lengths.count());
  json.Key("bytes").Integer(report.lengths.total()).Key("duplicates_dropped").Integer(dropped.duplicates);
  json.Key("empty_dropped").Integer(dropped.empty).Key("too_short_dropped").Integer(dropped.too_short);
  json.Key("max_documents_reached").Bool(report.max_documents_reached);
  json.Key("document_bytes");
  WriteLengths(report.lengths, "bytes", json);
  json.Key("scripts");
  WriteScripts(report.scripts, json);
  json.Key("sources").BeginArray();
  for (const SourceReport& source : report.sources) WriteSource(source, json);
  json.EndArray().EndObject();
  return json.text() + "\n";
}

std::vector<std::pair<std::string, std::string>> CorpusProperties(const CorpusReport& report) {
  const Dropped dropped = DroppedOf(report);
  const ScriptCounts& letters = report.scripts.letters;
  std::set<std::string> licences;
  for (const SourceReport& source : report.sources) {
    licences.insert(source.source.licence().empty() ? "not stated" : source.source.licence());
  }
  return {
      {"format", report.format},
      {"documents", absl::StrCat(report.lengths.count())},
      {"bytes", absl::StrCat(report.lengths.total())},
      {"document_bytes", DescribeLengths(report.lengths)},
      {"duplicates", absl::StrCat(dropped.duplicates)},
      {"empty", absl::StrCat(dropped.empty)},
      {"too_short", absl::StrCat(dropped.too_short)},
      {"scripts", absl::StrFormat("Latin %.1f %%, Han %.1f %%, other %.1f %% of the letters",
                                  100 * ShareOf(letters.latin, letters), 100 * ShareOf(letters.han, letters),
                                  100 * ShareOf(letters.other, letters))},
      {"licences", absl::StrJoin(licences, ", ")},
  };
}

}  // namespace bonsai
