// The routes of the API: messages of the RPCs in protobuf's JSON form, and every table of the pages as CSV
// and JSON. /api lists them.
//
// Called by MakeStatusPages; the routes run on the HTTP server's threads.
#ifndef BONSAI_COORDINATOR_API_ROUTES_H_
#define BONSAI_COORDINATOR_API_ROUTES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "coordinator/page_data.h"
#include "coordinator/web/api_page.h"
#include "coordinator/web/http_server.h"

namespace bonsai {

struct ApiRoute {
  ApiEntry entry;
  HttpPage page;
};

std::vector<ApiRoute> ApiRoutes(const PageSources& sources);

// NotFound, with the names there are, if the query names a track that is none.
absl::Status CheckTrack(const PageSources& sources, const HttpRequest& request);

// "p1/pretrain" of a route with {pipeline} and {job}.
std::string JobIdOf(const HttpRequest& request);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_API_ROUTES_H_
