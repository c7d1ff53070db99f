#include "coordinator/web/api_page.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "coordinator/web/markup.h"

namespace bonsai {

std::string ApiPage(const PageFiles& files, const std::vector<ApiEntry>& entries) {
  std::string body =
      "<h1>API</h1>\n<p class=\"about\">Read-only, over GET and HEAD. Errors are plain text: 400 names what "
      "is wrong with"
      " the request, 404 what there is, 503 means \u201ctry again\u201d. CSV is RFC 4180 with a header line; "
      "a text that a"
      " spreadsheet would take for a formula has a ' in front. Messages are protobuf's JSON of"
      " <code>share/proto/bonsai/v1</code>; 64-bit numbers are strings in them. Figures are not "
      "rounded.</p>\n"
      "<div class=\"scroll\" role=\"region\" aria-label=\"Routes\" tabindex=\"0\"><table>\n<thead><tr>"
      "<th scope=\"col\">Route</th><th scope=\"col\">Gives</th></tr></thead>\n<tbody>\n";
  for (const ApiEntry& entry : entries) {
    const std::string path = EscapeHtml(entry.route);
    const std::string shown =
        absl::StrContains(path, "{") ? path : absl::StrCat("<a href=\"", path, "\">", path, "</a>");
    absl::StrAppend(&body, "<tr><th scope=\"row\"><code>", shown, EscapeHtml(entry.query), "</code></th><td>",
                    EscapeHtml(entry.what), "</td></tr>\n");
  }
  absl::StrAppend(&body, "</tbody></table></div>\n");
  return FramePage(files, {"API", "/api", body});
}

}  // namespace bonsai
