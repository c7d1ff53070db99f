// Everything that the API serves, in one place, for people.
//
// A pure function.
#ifndef BONSAI_COORDINATOR_WEB_API_PAGE_H_
#define BONSAI_COORDINATOR_WEB_API_PAGE_H_

#include <string>
#include <vector>

#include "coordinator/web/page_frame.h"

namespace bonsai {

struct ApiEntry {
  std::string route;  // "/api/v1/leaderboard"
  std::string query;  // "?track=NAME"
  std::string what;
};

std::string ApiPage(const PageFiles& files, const std::vector<ApiEntry>& entries);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_API_PAGE_H_
