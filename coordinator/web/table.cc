#include "coordinator/web/table.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "coordinator/web/markup.h"

namespace bonsai {
namespace {

constexpr size_t kLongBytes = 24;

bool IsNumber(const Cell& cell) { return std::holds_alternative<double>(cell.value); }

// A column is one of numbers if no cell says otherwise. Names are names, even where they are numbers.
bool IsNumeric(const Table& table, size_t column) {
  if (table.columns[column].names_row) return false;
  bool any = false;
  for (const Row& row : table.rows) {
    if (std::holds_alternative<std::string>(row.cells[column].value)) return false;
    any = any || IsNumber(row.cells[column]);
  }
  return any;
}

// Times are numbers that are read as dates.
bool IsTime(const Column& column) { return absl::EndsWith(column.key, "_unix_ms"); }

std::string CellHtml(const Column& column, const Cell& cell, bool numeric) {
  std::string classes = numeric ? "n" : "";
  if (!cell.mark.empty()) absl::StrAppend(&classes, classes.empty() ? "" : " ", cell.mark);
  // A sentence gets room, so that it does not become a column of words.
  if (!column.names_row && cell.text.size() > kLongBytes)
    absl::StrAppend(&classes, classes.empty() ? "" : " ", "long");
  const char* tag = column.names_row ? "th" : "td";
  std::string html = absl::StrCat("<", tag, column.names_row ? " scope=\"row\"" : "");
  if (!classes.empty()) absl::StrAppend(&html, " class=\"", EscapeHtml(classes), "\"");
  if (const double* number = std::get_if<double>(&cell.value); number != nullptr && std::isfinite(*number)) {
    absl::StrAppend(&html, " data-v=\"", JsonNumber(*number), "\"");
  }
  absl::StrAppend(&html, ">");
  if (!cell.html.empty()) {
    absl::StrAppend(&html, cell.html);
  } else if (cell.text.empty()) {
    absl::StrAppend(&html, "<span class=\"none\" title=\"not known\">\u2013</span>");
  } else if (cell.href.empty()) {
    absl::StrAppend(&html, EscapeHtml(cell.text));
  } else {
    absl::StrAppend(&html, "<a href=\"", EscapeHtml(cell.href), "\">", EscapeHtml(cell.text), "</a>");
  }
  if (!cell.note.empty()) absl::StrAppend(&html, "<small>", EscapeHtml(cell.note), "</small>");
  return absl::StrCat(html, "</", tag, ">");
}

std::string HeaderHtml(const Table& table, size_t index, bool numeric, const TableLinks& links) {
  const Column& column = table.columns[index];
  const bool sorted =
      links.order.has_value() && links.order->table == table.id && links.order->column == column.key;
  std::string html = absl::StrCat("<th scope=\"col\" data-key=\"", EscapeHtml(column.key), "\"");
  if (numeric) absl::StrAppend(&html, " class=\"n", IsTime(column) ? " when" : "", "\"");
  if (column.lower_is_better) absl::StrAppend(&html, " data-lower");
  if (!column.hint.empty()) absl::StrAppend(&html, " title=\"", EscapeHtml(column.hint), "\"");
  if (sorted) {
    absl::StrAppend(&html, " aria-sort=\"", links.order->descending ? "descending" : "ascending", "\"");
  }
  absl::StrAppend(&html, ">");
  if (links.page.empty()) return absl::StrCat(html, EscapeHtml(column.title), "</th>");
  // A second click turns the order round; the first one of figures begins with the best.
  const bool descend = sorted ? !links.order->descending : numeric && !column.lower_is_better;
  std::string url = absl::StrCat(links.page, "?");
  for (const auto& [name, value] : links.query) {
    if (name != "sort") absl::StrAppend(&url, EscapeUrl(name), "=", EscapeUrl(value), "&");
  }
  absl::StrAppend(&url, "sort=", EscapeUrl(absl::StrCat(table.id, ":", descend ? "-" : "", column.key)), "#",
                  EscapeUrl(table.id));
  return absl::StrCat(html, "<a href=\"", EscapeHtml(url), "\">", EscapeHtml(column.title), "</a></th>");
}

std::string FormLinks(const Table& table) {
  std::string html;
  if (!table.csv.empty()) {
    absl::StrAppend(&html, " <a href=\"", EscapeHtml(table.csv), "\" aria-label=\"",
                    EscapeHtml(table.caption), " as CSV\">CSV</a>");
  }
  if (!table.json.empty()) {
    absl::StrAppend(&html, " <a href=\"", EscapeHtml(table.json), "\" aria-label=\"",
                    EscapeHtml(table.caption), " as JSON\">JSON</a>");
  }
  return html.empty() ? "" : absl::StrCat("<span class=\"forms\">", html, "</span>");
}

std::string ValueOf(const Cell& cell, bool json) {
  if (const double* number = std::get_if<double>(&cell.value)) {
    if (!std::isfinite(*number)) return json ? "null" : "";
    return JsonNumber(*number);
  }
  if (const std::string* text = std::get_if<std::string>(&cell.value)) {
    return json ? JsonText(*text) : CsvText(*text);
  }
  return json ? "null" : "";
}

}  // namespace

Cell TextCell(absl::string_view text, absl::string_view href) {
  Cell cell;
  cell.value = std::string(text);
  cell.text = std::string(text);
  cell.href = std::string(href);
  return cell;
}

Cell NumberCell(double value, absl::string_view text) {
  Cell cell;
  cell.value = value;
  cell.text = std::string(text);
  return cell;
}

Cell CountCell(uint64_t count) { return NumberCell(static_cast<double>(count), absl::StrCat(count)); }

Cell EmptyCell() { return Cell(); }

std::optional<TableOrder> ParseTableOrder(absl::string_view text) {
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos || colon == 0 || colon + 1 == text.size()) return std::nullopt;
  TableOrder order;
  order.table = std::string(text.substr(0, colon));
  absl::string_view column = text.substr(colon + 1);
  order.descending = absl::ConsumePrefix(&column, "-");
  order.column = std::string(column);
  return order;
}

void SortTable(const TableOrder& order, Table& table) {
  if (order.table != table.id) return;
  const auto column = std::find_if(table.columns.begin(), table.columns.end(),
                                   [&](const Column& c) { return c.key == order.column; });
  if (column == table.columns.end()) return;
  const size_t index = static_cast<size_t>(column - table.columns.begin());
  const auto known = [&](const Row& row) {
    const auto& value = row.cells[index].value;
    const double* number = std::get_if<double>(&value);
    return value.index() != 0 && (number == nullptr || std::isfinite(*number));
  };
  std::stable_sort(table.rows.begin(), table.rows.end(), [&](const Row& a, const Row& b) {
    if (known(a) != known(b)) return known(a);
    if (!known(a)) return false;
    const auto& left = a.cells[index].value;
    const auto& right = b.cells[index].value;
    return order.descending ? right < left : left < right;
  });
}

std::string TableHtml(const Table& table, const TableLinks& links) {
  const std::string id = EscapeHtml(table.id);
  std::string html = absl::StrCat("<div class=\"head\"><h3 id=\"", id, "-title\">", EscapeHtml(table.caption),
                                  "</h3>", FormLinks(table), "</div>\n");
  if (table.rows.empty()) {
    return absl::StrCat(html, "<p class=\"empty\" id=\"", id, "\">",
                        EscapeHtml(table.none.empty() ? "Nothing yet." : table.none), "</p>\n");
  }
  // A region that scrolls has to be reachable by keyboard.
  absl::StrAppend(&html, "<div class=\"scroll\" role=\"region\" aria-labelledby=\"", id,
                  "-title\" tabindex=\"0\">\n<table id=\"", id, "\" aria-labelledby=\"", id, "-title\"",
                  links.page.empty() ? "" : " data-sortable", ">\n<thead><tr>");
  std::vector<bool> numeric;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    numeric.push_back(IsNumeric(table, i));
    if (!table.columns[i].title.empty()) absl::StrAppend(&html, HeaderHtml(table, i, numeric[i], links));
  }
  absl::StrAppend(&html, "</tr></thead>\n<tbody>\n");
  for (const Row& row : table.rows) {
    absl::StrAppend(&html, row.id.empty() ? "<tr>" : absl::StrCat("<tr id=\"", EscapeHtml(row.id), "\">"));
    for (size_t i = 0; i < table.columns.size(); ++i) {
      if (table.columns[i].title.empty()) continue;
      absl::StrAppend(&html, CellHtml(table.columns[i], row.cells[i], numeric[i]));
    }
    absl::StrAppend(&html, "</tr>\n");
  }
  return absl::StrCat(html, "</tbody>\n</table>\n</div>\n");
}

std::string TableCsv(const Table& table) {
  std::string csv;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    absl::StrAppend(&csv, i == 0 ? "" : ",", CsvText(table.columns[i].key));
  }
  absl::StrAppend(&csv, "\r\n");
  for (const Row& row : table.rows) {
    for (size_t i = 0; i < row.cells.size(); ++i) {
      absl::StrAppend(&csv, i == 0 ? "" : ",", ValueOf(row.cells[i], false));
    }
    absl::StrAppend(&csv, "\r\n");
  }
  return csv;
}

std::string TableJson(const Table& table) {
  std::string json = "[";
  for (size_t r = 0; r < table.rows.size(); ++r) {
    absl::StrAppend(&json, r == 0 ? "\n" : ",\n", "{");
    for (size_t i = 0; i < table.columns.size(); ++i) {
      absl::StrAppend(&json, i == 0 ? "" : ", ", JsonText(table.columns[i].key), ": ",
                      ValueOf(table.rows[r].cells[i], true));
    }
    absl::StrAppend(&json, "}");
  }
  return absl::StrCat(json, "\n]\n");
}

}  // namespace bonsai
