// What a browser asks for: a path, the values that stand in it, and a query. Parsed from outside bytes, all
// of it bounded.
//
// Called by HttpServer; read by pages. Pure.
#ifndef BONSAI_COORDINATOR_WEB_HTTP_REQUEST_H_
#define BONSAI_COORDINATOR_WEB_HTTP_REQUEST_H_

#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bonsai {

inline constexpr size_t kQueryFieldsMax = 32;
inline constexpr size_t kQueryValueBytesMax = 1024;

struct HttpRequest {
  std::string path;                           // decoded
  std::map<std::string, std::string> fields;  // the route's {names} and what stands in their place
  std::map<std::string, std::string> query;

  // The query's value, or "".
  std::string Query(const std::string& name) const;
  // A whole number of the query. InvalidArgument if it is none, or above `max`.
  absl::StatusOr<uint64_t> QueryCount(const std::string& name, uint64_t default_value, uint64_t max) const;
};

// "a=1&b=two+words": later fields of one name win. InvalidArgument for a broken %XX, bytes that are not
// UTF-8, control characters, or more and longer fields than the bounds allow.
absl::StatusOr<std::map<std::string, std::string>> ParseQuery(absl::string_view query);

// The values of the {names} if `path` is one of `pattern` ("/jobs/{pipeline}/{job}"): as many segments, the
// same where the pattern has no {name}, and none empty where it has.
std::optional<std::map<std::string, std::string>> MatchRoute(absl::string_view pattern,
                                                             absl::string_view path);

// Whether a Host header is one that a browser on this machine sends for a loopback server: an address, or
// localhost. A page from elsewhere whose name was made to point here (DNS rebinding) sends another name.
bool IsLocalHostName(absl::string_view host);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_HTTP_REQUEST_H_
