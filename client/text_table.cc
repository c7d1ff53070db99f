#include "client/text_table.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/text_layout.h"

namespace bonsai {
namespace {

constexpr size_t kGap = 2;
// A last column narrower than this is unreadable; then lines may be longer than the width.
constexpr size_t kLastColumnMin = 16;

}  // namespace

std::string RenderTable(const std::vector<TableColumn>& columns,
                        const std::vector<std::vector<std::string>>& rows, size_t indent, size_t width) {
  std::vector<std::vector<std::string>> lines;
  lines.emplace_back();
  for (const TableColumn& column : columns) lines.back().push_back(column.title);
  for (const auto& row : rows) {
    lines.emplace_back();
    for (const std::string& cell : row) lines.back().push_back(Printable(cell));
  }

  std::vector<size_t> widths(columns.size(), 0);
  for (const auto& line : lines) {
    for (size_t i = 0; i < widths.size() && i < line.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(line[i]));
    }
  }
  const size_t last = columns.size() - 1;
  size_t before_last = indent;
  for (size_t i = 0; i < last; ++i) before_last += widths[i] + kGap;
  const size_t room = width > before_last + kLastColumnMin ? width - before_last : kLastColumnMin;
  widths[last] = std::min(widths[last], room);

  std::string text;
  for (const auto& line : lines) {
    std::string start(indent, ' ');
    for (size_t i = 0; i < last; ++i) {
      absl::StrAppend(&start, PadToWidth(line[i], widths[i], columns[i].right), std::string(kGap, ' '));
    }
    for (const std::string& part : WrapText(line[last], widths[last])) {
      const std::string cell = PadToWidth(part, widths[last], columns[last].right);
      absl::StrAppend(&text, absl::StripTrailingAsciiWhitespace(absl::StrCat(start, cell)), "\n");
      start.assign(before_last, ' ');
    }
  }
  return text;
}

}  // namespace bonsai
