#include "coordinator/web/page_frame.h"

#include "absl/strings/str_cat.h"
#include "coordinator/web/markup.h"

namespace bonsai {
namespace {

struct Section {
  const char* path;
  const char* name;
};
constexpr Section kSections[] = {{"/", "Leaderboard"},
                                 {"/history", "History"},
                                 {"/jobs", "Jobs"},
                                 {"/devices", "Devices"},
                                 {"/api", "API"}};

std::string StyleLink(const std::string& path) {
  return path.empty() ? "" : absl::StrCat("<link rel=\"stylesheet\" href=\"", EscapeHtml(path), "\">\n");
}

}  // namespace

std::string FramePage(const PageFiles& files, const PageText& page) {
  std::string html = absl::StrCat(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
      EscapeHtml(page.title), " \u00b7 Bonsai</title>\n", StyleLink(files.chart_style),
      StyleLink(files.style));
  if (!files.script.empty()) {
    absl::StrAppend(&html, "<script type=\"module\" src=\"", EscapeHtml(files.script), "\"></script>\n");
  }
  absl::StrAppend(&html,
                  "</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to content</a>\n"
                  "<header><div class=\"bar\"><a class=\"brand\" href=\"/\">Bonsai</a>"
                  "<nav aria-label=\"Pages\"><ul>");
  for (const Section& section : kSections) {
    absl::StrAppend(&html, "<li><a href=\"", section.path, "\"",
                    page.section == section.path ? " aria-current=\"page\"" : "", ">", section.name,
                    "</a></li>");
  }
  absl::StrAppend(
      &html, "</ul></nav></div></header>\n<main id=\"main\" tabindex=\"-1\">\n", page.body,
      "</main>\n<footer>Every row is an artifact whose lineage names all the bytes that it came from."
      " Times are UTC.</footer>\n</body>\n</html>\n");
  return html;
}

std::string ErrorPage(const PageFiles& files, int status, absl::string_view reason, absl::string_view why) {
  const std::string body =
      absl::StrCat("<h1>", status, " ", EscapeHtml(reason), "</h1>\n<pre class=\"why\">", EscapeHtml(why),
                   "</pre>\n<p><a href=\"/\">To the leaderboard</a></p>\n");
  return FramePage(files, {absl::StrCat(reason), "", body});
}

}  // namespace bonsai
