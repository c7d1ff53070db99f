// A small read-only HTTP server over civetweb: /metrics, the JSON API and the pages. A page is a function
// that gives its body when it is asked for.
//
// Pages run on the server's own threads, several at a time. Stops when it is destroyed.
#ifndef BONSAI_COORDINATOR_WEB_HTTP_SERVER_H_
#define BONSAI_COORDINATOR_WEB_HTTP_SERVER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

struct mg_context;
struct mg_connection;

namespace bonsai {

struct HttpPage {
  std::string content_type;
  // An error becomes a response of the matching status with the message as its text.
  std::function<absl::StatusOr<std::string>()> body;
};

class HttpServer {
 public:
  // Serves exactly the paths in `pages` ("/", "/metrics"), GET and HEAD. `address` is "host:port" with a
  // numeric host; a port of 0 picks a free one. Unavailable if it cannot listen there.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& address,
                                                           std::map<std::string, HttpPage> pages);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // "127.0.0.1:41234"
  const std::string& address() const { return address_; }

 private:
  explicit HttpServer(std::map<std::string, HttpPage> pages) : pages_(std::move(pages)) {}
  static int Serve(mg_connection* connection, void* server);

  const std::map<std::string, HttpPage> pages_;
  mg_context* context_ = nullptr;
  std::string address_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_HTTP_SERVER_H_
