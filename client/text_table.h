// A table in text: a line of titles, and rows whose cells line up. The last column takes what is left of the
// width and wraps, so that nothing is hidden.
//
// Called by the views. Pure.
#ifndef BONSAI_CLIENT_TEXT_TABLE_H_
#define BONSAI_CLIENT_TEXT_TABLE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace bonsai {

struct TableColumn {
  std::string title;
  bool right = false;  // figures line up on the right
};

// `rows` have one cell per column; cells are made Printable. Each line starts with `indent` spaces and ends
// with a newline. Lines are at most `width` columns unless the columns before the last one alone need more.
std::string RenderTable(const std::vector<TableColumn>& columns,
                        const std::vector<std::vector<std::string>>& rows, size_t indent, size_t width);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_TEXT_TABLE_H_
