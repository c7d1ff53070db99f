// A table that a page shows, once, for all of its forms: HTML that works without a script, CSV and JSON. What
// is on a page can therefore be had as figures, too.
//
// Filled by the pages, rendered by them and by the API. Values; pure functions.
#ifndef BONSAI_COORDINATOR_WEB_TABLE_H_
#define BONSAI_COORDINATOR_WEB_TABLE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"

namespace bonsai {

struct Column {
  std::string key = {};          // in CSV, JSON and ?sort=
  std::string title = {};        // in HTML; empty: the column is in CSV and JSON alone
  std::string hint = {};         // more about it, for the header's tooltip
  bool lower_is_better = false;  // then sorting begins with the lowest
  bool names_row = false;        // its cells are the rows' headers
};

struct Cell {
  // What CSV, JSON and sorting see; monostate: not known.
  std::variant<std::monostate, double, std::string> value;
  std::string text;  // what people see; empty: a dash, unless `html` is set
  std::string note;  // smaller, below it
  std::string href;  // of the text
  std::string html;  // instead of text and href: markup whose parts are escaped
  std::string mark;  // a class of the style sheet: "good", "bad", "quiet"
};

Cell TextCell(absl::string_view text, absl::string_view href = "");
// `text` is how people read the number.
Cell NumberCell(double value, absl::string_view text);
Cell CountCell(uint64_t count);
// Not measured, not known.
Cell EmptyCell();

struct Row {
  std::string id = {};           // of the element, for links to it; may be empty
  std::vector<Cell> cells = {};  // as many as columns
};

struct Table {
  std::string id;  // of the element; also in ?sort=
  std::string caption;
  std::string csv;  // where its CSV and JSON are; empty: nowhere
  std::string json;
  std::string none;  // what an empty table says
  std::vector<Column> columns;
  std::vector<Row> rows;
};

// The order that a query asks for: "<table>:<column>" or, for the largest first, "<table>:-<column>".
struct TableOrder {
  std::string table;
  std::string column;
  bool descending = false;
};
// std::nullopt for anything else.
std::optional<TableOrder> ParseTableOrder(absl::string_view text);

// Sorts the rows if the order is of this table and one of its columns. Equal rows stay as they are; what is
// not known comes last either way.
void SortTable(const TableOrder& order, Table& table);

// `page` is the path whose ?sort= orders the table, with the queries that its links keep; empty: its headers
// are no links. `order` is what SortTable did.
struct TableLinks {
  std::string page;
  std::map<std::string, std::string> query;
  std::optional<TableOrder> order;
};
std::string TableHtml(const Table& table, const TableLinks& links = {});

// RFC 4180 with a header line.
std::string TableCsv(const Table& table);
// An array with an object a row.
std::string TableJson(const Table& table);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_TABLE_H_
