// What all pages share: the head, the way around, the foot. Pages fill the middle.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_WEB_PAGE_FRAME_H_
#define BONSAI_COORDINATOR_WEB_PAGE_FRAME_H_

#include <string>

#include "absl/strings/string_view.h"

namespace bonsai {

// The files of share/web that the pages name; an empty one is not there, and the pages do without.
struct PageFiles {
  std::string style;  // "/static/style.css?v=..."
  std::string script;
  std::string chart_style;
};

struct PageText {
  absl::string_view title;  // plain text
  absl::string_view
      section;             // the path of the part of the site: "/", "/history", "/jobs", "/devices", "/api"
  absl::string_view body;  // HTML
};

std::string FramePage(const PageFiles& files, const PageText& page);

// "Not Found", and why.
std::string ErrorPage(const PageFiles& files, int status, absl::string_view reason, absl::string_view why);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_PAGE_FRAME_H_
