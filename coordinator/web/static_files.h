// The files of share/web that the pages name, read once when the coordinator starts: no request leads to a
// file name.
//
// Made by the coordinator; not changed afterwards, so safe to read from any thread.
#ifndef BONSAI_COORDINATOR_WEB_STATIC_FILES_H_
#define BONSAI_COORDINATOR_WEB_STATIC_FILES_H_

#include <map>
#include <string>

#include "coordinator/web/http_server.h"
#include "coordinator/web/page_frame.h"

namespace bonsai {

struct StaticFiles {
  PageFiles names;                        // what pages link to
  std::map<std::string, HttpPage> pages;  // by path: "/static/app.js"
};

// A file that is missing or empty is left out: the pages work without a script, and stay readable without a
// style. `folder`: share/web.
StaticFiles LoadStaticFiles(const std::string& folder);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_STATIC_FILES_H_
