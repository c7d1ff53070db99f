#include "client/text_layout.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace bonsai {
namespace {

bool ContinuesCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// The longest prefix of at most `width` columns.
absl::string_view Prefix(absl::string_view text, size_t width) {
  size_t columns = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (ContinuesCharacter(text[i])) continue;
    if (columns == width) return text.substr(0, i);
    ++columns;
  }
  return text;
}

void WrapLine(absl::string_view text, size_t width, std::vector<std::string>& lines) {
  std::string line;
  for (absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (!line.empty() && DisplayWidth(line) + 1 + DisplayWidth(word) > width) {
      lines.push_back(std::move(line));
      line.clear();
    }
    while (DisplayWidth(word) > width) {
      const absl::string_view part = Prefix(word, width);
      lines.emplace_back(part);
      word.remove_prefix(part.size());
    }
    absl::StrAppend(&line, line.empty() ? "" : " ", word);
  }
  lines.push_back(std::move(line));
}

}  // namespace

size_t DisplayWidth(absl::string_view text) {
  size_t columns = 0;
  for (char c : text) columns += ContinuesCharacter(c) ? 0 : 1;
  return columns;
}

std::string Printable(absl::string_view text) {
  std::string safe(text);
  for (char& c : safe) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n' || c == '\t' || c == '\r') {
      c = ' ';
    } else if (byte < 0x20 || byte == 0x7F) {
      c = '?';
    }
  }
  return safe;
}

std::string CutToWidth(absl::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width <= 3) return std::string(Prefix(text, width));
  return absl::StrCat(Prefix(text, width - 3), "...");
}

std::string PadToWidth(absl::string_view text, size_t width, bool right) {
  const size_t columns = DisplayWidth(text);
  const std::string spaces(columns < width ? width - columns : 0, ' ');
  return right ? absl::StrCat(spaces, text) : absl::StrCat(text, spaces);
}

std::vector<std::string> WrapText(absl::string_view text, size_t width) {
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    WrapLine(line, width == 0 ? 1 : width, lines);
  }
  return lines;
}

}  // namespace bonsai
