#include "coordinator/web/http_server.h"

#include <civetweb.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

int ToHttp(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
      return 503;
    default:
      return 500;
  }
}

const char* ReasonOf(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 421:
      return "Misdirected Request";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

absl::string_view Header(mg_connection* connection, const char* name) {
  const char* value = mg_get_header(connection, name);
  return value == nullptr ? "" : value;
}

// Nothing from elsewhere, nothing inline, no frames and no forms: what a user wrote could not run even if it
// got past the escaping.
constexpr absl::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace

struct HttpServer::Reply {
  int status = 200;
  std::string content_type;
  std::string body;
  std::string etag;
};

const HttpPage* HttpServer::FindPage(HttpRequest& request) const {
  // A path with braces could be a route's own name, whose fields would then be missing.
  const auto exact = pages_.find(request.path);
  if (exact != pages_.end() && !absl::StrContains(request.path, '{')) return &exact->second;
  for (const auto& [pattern, page] : pages_) {
    std::optional<std::map<std::string, std::string>> fields = MatchRoute(pattern, request.path);
    if (!fields.has_value()) continue;
    request.fields = *std::move(fields);
    return &page;
  }
  return nullptr;
}

HttpServer::Reply HttpServer::Refuse(mg_connection* connection, int status, absl::string_view why) const {
  const bool html = absl::StrContains(Header(connection, "Accept"), "text/html");
  if (!html || error_page_ == nullptr) {
    return {status, "text/plain; charset=utf-8", absl::StrCat(why, "\n"), ""};
  }
  return {status, "text/html; charset=utf-8", error_page_(status, ReasonOf(status), why), ""};
}

HttpServer::Reply HttpServer::Answer(mg_connection* connection) const {
  const mg_request_info* info = mg_get_request_info(connection);
  const absl::string_view method = info->request_method;
  if (method != "GET" && method != "HEAD") {
    return Refuse(connection, 405, "only GET and HEAD are served here");
  }
  if (!IsLocalHostName(Header(connection, "Host"))) {
    return Refuse(connection, 421, "this server answers to an address or to localhost, not to other names");
  }
  HttpRequest request;
  request.path = info->local_uri == nullptr ? "" : info->local_uri;
  const HttpPage* page = FindPage(request);
  if (page == nullptr) {
    std::string known;
    for (const auto& [path, unused] : pages_) absl::StrAppend(&known, "\n  ", path);
    return Refuse(connection, 404, absl::StrCat("no such page; there are:", known));
  }
  absl::StatusOr<std::map<std::string, std::string>> query =
      ParseQuery(info->query_string == nullptr ? "" : info->query_string);
  if (!query.ok()) return Refuse(connection, 400, query.status().message());
  request.query = *std::move(query);
  if (!page->etag.empty() && absl::StrContains(Header(connection, "If-None-Match"), page->etag)) {
    return {304, page->content_type, "", page->etag};
  }
  absl::StatusOr<std::string> body = page->body(request);
  if (!body.ok()) return Refuse(connection, ToHttp(body.status().code()), body.status().message());
  return {200, page->content_type, *std::move(body), page->etag};
}

int HttpServer::Serve(mg_connection* connection, void* server) {
  const Reply reply = static_cast<const HttpServer*>(server)->Answer(connection);
  const std::string head = absl::StrCat(
      "HTTP/1.1 ", reply.status, " ", ReasonOf(reply.status), "\r\nContent-Type: ", reply.content_type,
      reply.status == 304 ? "" : absl::StrCat("\r\nContent-Length: ", reply.body.size()),
      "\r\nContent-Security-Policy: ", kPolicy,
      "\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer"
      "\r\nCross-Origin-Resource-Policy: same-origin\r\nCache-Control: ",
      reply.etag.empty() ? "no-store" : absl::StrCat("no-cache\r\nETag: ", reply.etag),
      reply.status == 405 ? "\r\nAllow: GET, HEAD" : "", "\r\nConnection: close\r\n\r\n");
  mg_write(connection, head.data(), head.size());
  const bool asked = absl::string_view(mg_get_request_info(connection)->request_method) != "HEAD";
  if (asked && !reply.body.empty()) mg_write(connection, reply.body.data(), reply.body.size());
  return reply.status;
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& address,
                                                              std::map<std::string, HttpPage> pages,
                                                              ErrorPage error_page) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("metrics_address: \"", address, "\" is not host:port, as in \"127.0.0.1:0\""));
  }
  std::unique_ptr<HttpServer> server(new HttpServer(std::move(pages), std::move(error_page)));
  const char* options[] = {"listening_ports", address.c_str(),    "num_threads", "4",    "request_timeout_ms",
                           "10000",           "max_request_size", "8192",        nullptr};
  mg_callbacks callbacks = {};
  // civetweb prints its own lines to stderr; what matters comes back as a status here.
  callbacks.log_message = [](const mg_connection*, const char*) { return 1; };
  server->context_ = mg_start(&callbacks, nullptr, options);
  if (server->context_ == nullptr) {
    return absl::UnavailableError(absl::StrCat("metrics_address: cannot listen on ", address,
                                               "; is the port taken, or the host not numeric?"));
  }
  mg_server_port port = {};
  if (mg_get_server_ports(server->context_, 1, &port) != 1) {
    return absl::InternalError(absl::StrCat("metrics_address: no port is bound for ", address));
  }
  server->address_ = absl::StrCat(address.substr(0, colon), ":", port.port);
  mg_set_request_handler(server->context_, "**", &HttpServer::Serve, server.get());
  return server;
}

HttpServer::~HttpServer() {
  if (context_ == nullptr) return;
  // civetweb looks at its stop flag only when a connection comes or two seconds have passed; so one is made.
  std::atomic<bool> stopped{false};
  std::thread stopper([&] {
    mg_stop(context_);
    stopped = true;
  });
  const size_t colon = address_.rfind(':');
  while (!stopped) {
    char error[100];
    mg_connection* nudge = mg_connect_client(address_.substr(0, colon).c_str(),
                                             std::atoi(address_.c_str() + colon + 1), 0, error, sizeof error);
    if (nudge != nullptr) mg_close_connection(nudge);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  stopper.join();
}

}  // namespace bonsai
