#include "worker/data/pack_report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "edge_runtime/model/json.h"

namespace bonsai {
namespace {

struct Totals {
  uint64_t bytes = 0;
  double weight = 0;
};

Totals TotalsOf(const PackPlan& plan, const PackResult& result) {
  Totals totals;
  for (size_t i = 0; i < plan.parts.size(); ++i) {
    totals.bytes += result.parts[i].bytes;
    totals.weight += plan.parts[i].weight;
  }
  return totals;
}

// Times that a part was gone through; 1.5 is once, and half of it again.
double Epochs(const PackPart& part, const PackResult::Part& taken) {
  return static_cast<double>(taken.documents) / static_cast<double>(part.documents);
}

double Ratio(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::string WritePackReport(const PackPlan& plan, const PackResult& result) {
  const Totals totals = TotalsOf(plan, result);
  const uint64_t tokens = result.document_tokens.total();
  edge::JsonWriter json(/*indented=*/true);
  const auto integer = [&json](const char* key, uint64_t value) {
    json.Key(key).Integer(static_cast<int64_t>(value));
  };
  json.BeginObject();
  integer("documents", result.document_tokens.count());
  integer("tokens", tokens);
  integer("bytes", totals.bytes);
  json.Key("bytes_per_token").Number(Ratio(totals.bytes, tokens));
  integer("vocab_size", static_cast<uint64_t>(plan.tokenizer->vocab_size()));
  integer("shards", result.shards.size());
  json.Key("document_tokens");
  WriteLengths(result.document_tokens, "tokens", json);
  json.Key("parts").BeginArray();
  for (size_t i = 0; i < plan.parts.size(); ++i) {
    const PackPart& part = plan.parts[i];
    const PackResult::Part& taken = result.parts[i];
    json.BeginObject().Key("field").String(part.field).Key("corpus").String(part.artifact_id);
    json.Key("share_asked").Number(part.weight / totals.weight);
    json.Key("share").Number(Ratio(taken.tokens, tokens));
    integer("tokens", taken.tokens);
    integer("bytes", taken.bytes);
    integer("documents", taken.documents);
    integer("documents_of_corpus", part.documents);
    integer("first_document", part.first);
    json.Key("epochs").Number(Epochs(part, taken)).EndObject();
  }
  json.EndArray().EndObject();
  return json.text() + "\n";
}

std::vector<std::pair<std::string, std::string>> PackProperties(const PackPlan& plan,
                                                                const PackResult& result) {
  const Totals totals = TotalsOf(plan, result);
  const LengthDistribution& lengths = result.document_tokens;
  std::vector<std::pair<std::string, std::string>> properties = {
      {"tokens", absl::StrCat(lengths.total())},
      {"documents", absl::StrCat(lengths.count())},
      {"bytes", absl::StrCat(totals.bytes)},
      {"vocab_size", absl::StrCat(plan.tokenizer->vocab_size())},
      {"document_tokens", DescribeLengths(lengths)},
  };
  for (size_t i = 0; plan.mixture && i < plan.parts.size(); ++i) {
    const PackPart& part = plan.parts[i];
    properties.emplace_back(absl::StrFormat("mixture[%03d]", i),
                            absl::StrFormat("%.2f %% of the tokens (asked %.2f %%), %.3f epochs of %s",
                                            100 * Ratio(result.parts[i].tokens, lengths.total()),
                                            100 * part.weight / totals.weight, Epochs(part, result.parts[i]),
                                            part.artifact_id.substr(0, 12)));
  }
  return properties;
}

}  // namespace bonsai
