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
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "coordinator/web/http_request.h"

struct mg_context;
struct mg_connection;

namespace bonsai {

struct HttpPage {
  std::string content_type = {};
  // An error becomes a response of the matching status with the message as its text.
  std::function<absl::StatusOr<std::string>(const HttpRequest&)> body = {};
  // Of a file that stays the same while the server runs: a browser that has it is told so instead of getting
  // it again. Empty: nothing is kept by anyone.
  std::string etag = {};
};

class HttpServer {
 public:
  // The HTML of an error for who asked for HTML; others get the message as plain text.
  using ErrorPage = std::function<std::string(int status, absl::string_view reason, absl::string_view why)>;

  // Serves exactly the routes in `pages` ("/", "/jobs/{pipeline}/{job}"; one without {names} comes first),
  // GET and HEAD. `address` is "host:port" with a numeric host; a port of 0 picks a free one. Unavailable if
  // it cannot listen there.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& address,
                                                           std::map<std::string, HttpPage> pages,
                                                           ErrorPage error_page = nullptr);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // "127.0.0.1:41234"
  const std::string& address() const { return address_; }

 private:
  struct Reply;

  HttpServer(std::map<std::string, HttpPage> pages, ErrorPage error_page)
      : pages_(std::move(pages)), error_page_(std::move(error_page)) {}
  static int Serve(mg_connection* connection, void* server);
  const HttpPage* FindPage(HttpRequest& request) const;
  Reply Answer(mg_connection* connection) const;
  Reply Refuse(mg_connection* connection, int status, absl::string_view why) const;

  const std::map<std::string, HttpPage> pages_;
  const ErrorPage error_page_;
  mg_context* context_ = nullptr;
  std::string address_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_HTTP_SERVER_H_
