#include "coordinator/web/item_sample.h"

#include <google/protobuf/io/coded_stream.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/web/figures.h"
#include "coordinator/web/markup.h"

namespace bonsai {
namespace {

// Of a prompt or response on a page; the API has all of it. A few-shot prompt ends in the question.
constexpr size_t kShownBytesMax = 2000;

// At most `max` bytes, cut between characters: the end of a prompt, the beginning of anything else.
std::string Shorten(const std::string& text, size_t max, bool keep_end) {
  if (text.size() <= max) return text;
  const auto continues = [&](size_t at) { return (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80; };
  if (keep_end) {
    size_t begin = text.size() - max;
    while (begin < text.size() && continues(begin)) ++begin;
    return absl::StrCat("\u2026 ", text.substr(begin));
  }
  size_t end = max;
  while (end > 0 && continues(end)) --end;
  return absl::StrCat(text.substr(0, end), " \u2026");
}

std::string Field(const char* name, const std::string& text, const char* mark = "") {
  if (text.empty()) return "";
  return absl::StrCat("<dt>", name, "</dt><dd", *mark == '\0' ? "" : absl::StrCat(" class=\"", mark, "\""),
                      "><pre>", EscapeHtml(text), "</pre></dd>");
}

std::string MetricsText(const v1::ItemResult& item) {
  std::vector<std::string> parts;
  for (const v1::MetricValue& metric : item.metrics()) {
    parts.push_back(absl::StrCat(metric.name(), " ", FormatFigure(metric.value())));
  }
  return absl::StrJoin(parts, " \u00b7 ");
}

std::string LoglikelihoodText(const v1::ItemResult& item) {
  std::vector<std::string> parts;
  for (const double value : item.loglikelihoods()) parts.push_back(FormatFigure(value));
  return absl::StrJoin(parts, "  ");
}

std::string ItemsPath(const ItemSample& sample, absl::string_view path, absl::string_view form) {
  return absl::StrCat(path, "/items.", form, "?suite=", EscapeUrl(sample.suite));
}

}  // namespace

absl::StatusOr<ItemSample> ParseItems(absl::string_view bytes, bool cut, size_t items_max) {
  ItemSample sample;
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(bytes.data()),
                                               static_cast<int>(bytes.size()));
  while (static_cast<size_t>(input.CurrentPosition()) < bytes.size()) {
    if (sample.items.size() >= items_max) {
      sample.more = true;
      return sample;
    }
    uint32_t size = 0;
    const bool whole =
        input.ReadVarint32(&size) && size <= bytes.size() - static_cast<size_t>(input.CurrentPosition());
    v1::ItemResult item;
    if (!whole && cut) {
      sample.more = true;
      return sample;
    }
    const size_t begin = static_cast<size_t>(input.CurrentPosition());
    if (!whole || !item.ParseFromArray(bytes.data() + begin, static_cast<int>(size))) {
      return absl::DataLossError(
          absl::StrCat("item ", sample.items.size(), " is cut off or no v1.ItemResult"));
    }
    input.Skip(static_cast<int>(size));
    sample.items.push_back(std::move(item));
  }
  sample.more = cut;
  return sample;
}

Table ItemsTable(const ItemSample& sample, absl::string_view path) {
  Table table;
  table.id = "items";
  table.caption = sample.suite;
  table.csv = ItemsPath(sample, path, "csv");
  table.json = ItemsPath(sample, path, "json");
  table.columns = {{"id", "Item", "", false, true}, {"prompt", "Prompt"},
                   {"response", "Response"},        {"extracted", "Answer"},
                   {"expected", "Expected"},        {"loglikelihoods", "Log-likelihoods"},
                   {"metrics", "Metrics"},          {"prompt_sha256", ""}};
  for (const v1::ItemResult& item : sample.items) {
    std::vector<std::string> loglikelihoods, metrics;
    for (const double value : item.loglikelihoods()) loglikelihoods.push_back(JsonNumber(value));
    for (const v1::MetricValue& metric : item.metrics()) {
      metrics.push_back(absl::StrCat(metric.name(), "=", JsonNumber(metric.value())));
    }
    table.rows.push_back(
        {"",
         {TextCell(item.id()), TextCell(item.prompt()), TextCell(item.response()), TextCell(item.extracted()),
          TextCell(item.expected()), TextCell(absl::StrJoin(loglikelihoods, " ")),
          TextCell(absl::StrJoin(metrics, " ")), TextCell(item.prompt_sha256())}});
  }
  return table;
}

std::string ItemsHtml(const ItemSample& sample, absl::string_view path) {
  std::string html =
      absl::StrCat("<details class=\"items\"><summary>", EscapeHtml(sample.suite), " <small>the first ",
                   sample.items.size(), sample.more ? "" : ", all of them", "</small></summary>\n");
  if (!sample.problem.empty()) {
    return absl::StrCat(html, "<p class=\"empty\">", EscapeHtml(sample.problem), "</p></details>\n");
  }
  absl::StrAppend(&html, "<p><span class=\"forms\"><a href=\"", EscapeHtml(ItemsPath(sample, path, "csv")),
                  "\">CSV</a> <a href=\"", EscapeHtml(ItemsPath(sample, path, "json")),
                  "\">JSON</a></span></p>\n");
  for (const v1::ItemResult& item : sample.items) {
    const bool known = !item.extracted().empty() && !item.expected().empty();
    const char* mark = !known ? "" : item.extracted() == item.expected() ? "good" : "bad";
    absl::StrAppend(&html, "<article class=\"item\"><h4>",
                    EscapeHtml(item.id().empty() ? "(no id)" : item.id()), " <small>",
                    EscapeHtml(MetricsText(item)), "</small></h4><dl>",
                    Field("Prompt", Shorten(item.prompt(), kShownBytesMax, true)),
                    Field("Response", Shorten(item.response(), kShownBytesMax, false)),
                    Field("Answer", Shorten(item.extracted(), kShownBytesMax, false), mark),
                    Field("Expected", Shorten(item.expected(), kShownBytesMax, false)),
                    Field("Log-likelihoods", LoglikelihoodText(item)), "</dl></article>\n");
  }
  return absl::StrCat(html, "</details>\n");
}

}  // namespace bonsai
