#include "coordinator/web/http_server.h"

#include <civetweb.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

struct HttpStatus {
  int code;
  const char* reason;
};

HttpStatus ToHttp(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return {200, "OK"};
    case absl::StatusCode::kNotFound:
      return {404, "Not Found"};
    case absl::StatusCode::kInvalidArgument:
      return {400, "Bad Request"};
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
      return {503, "Service Unavailable"};
    default:
      return {500, "Internal Server Error"};
  }
}

// The default policy forbids everything from elsewhere: pages carry their own style and no script.
void Respond(mg_connection* connection, HttpStatus status, const std::string& content_type,
             const std::string& body, bool with_body) {
  const std::string head = absl::StrCat(
      "HTTP/1.1 ", status.code, " ", status.reason, "\r\nContent-Type: ", content_type,
      "\r\nContent-Length: ", body.size(),
      "\r\nContent-Security-Policy: default-src 'none'; style-src 'unsafe-inline'"
      "\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n");
  mg_write(connection, head.data(), head.size());
  if (with_body) mg_write(connection, body.data(), body.size());
}

}  // namespace

int HttpServer::Serve(mg_connection* connection, void* server) {
  const auto* self = static_cast<const HttpServer*>(server);
  const mg_request_info* request = mg_get_request_info(connection);
  const bool head = std::strcmp(request->request_method, "HEAD") == 0;
  if (!head && std::strcmp(request->request_method, "GET") != 0) {
    Respond(connection, {405, "Method Not Allowed"}, "text/plain; charset=utf-8",
            "only GET and HEAD are served here\n", true);
    return 405;
  }
  auto page = self->pages_.find(request->local_uri == nullptr ? "" : request->local_uri);
  if (page == self->pages_.end()) {
    std::string known;
    for (const auto& [path, unused] : self->pages_) absl::StrAppend(&known, "  ", path, "\n");
    Respond(connection, {404, "Not Found"}, "text/plain; charset=utf-8",
            absl::StrCat("no such page; there are:\n", known), !head);
    return 404;
  }
  absl::StatusOr<std::string> body = page->second.body();
  const HttpStatus status = ToHttp(body.status().code());
  if (body.ok()) {
    Respond(connection, status, page->second.content_type, *body, !head);
  } else {
    Respond(connection, status, "text/plain; charset=utf-8", absl::StrCat(body.status().message(), "\n"),
            !head);
  }
  return status.code;
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& address,
                                                              std::map<std::string, HttpPage> pages) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("metrics_address: \"", address, "\" is not host:port, as in \"127.0.0.1:0\""));
  }
  std::unique_ptr<HttpServer> server(new HttpServer(std::move(pages)));
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
