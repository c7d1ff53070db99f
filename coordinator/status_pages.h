// What the coordinator serves over HTTP: /metrics, the pages, and the API (/api/v1/...) with the figures of
// all pages as JSON and CSV.
//
// The pages run on the HTTP server's threads. As /metrics they show what every tenant has: they stay on
// loopback (exposure.h).
#ifndef BONSAI_COORDINATOR_STATUS_PAGES_H_
#define BONSAI_COORDINATOR_STATUS_PAGES_H_

#include <map>
#include <string>

#include "coordinator/page_data.h"
#include "coordinator/web/http_server.h"

namespace bonsai {

struct StatusPages {
  std::map<std::string, HttpPage> pages;  // by route
  HttpServer::ErrorPage error_page;
};

// All sources must outlive the server that serves them.
StatusPages MakeStatusPages(const PageSources& sources);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_STATUS_PAGES_H_
