#include "coordinator/web/http_server.h"

#include <civetweb.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

struct Reply {
  int status = 0;
  std::string body;
};

Reply Ask(const std::string& address, const std::string& method, const std::string& path) {
  const size_t colon = address.rfind(':');
  char error[200] = "";
  mg_connection* connection =
      mg_download(address.substr(0, colon).c_str(), std::stoi(address.substr(colon + 1)), 0, error,
                  sizeof error, "%s %s HTTP/1.0\r\nHost: localhost\r\n\r\n", method.c_str(), path.c_str());
  if (connection == nullptr) return {0, error};
  Reply reply;
  reply.status = mg_get_response_info(connection)->status_code;
  char buffer[4096];
  for (int n; (n = mg_read(connection, buffer, sizeof buffer)) > 0;) reply.body.append(buffer, n);
  mg_close_connection(connection);
  return reply;
}

class HttpServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::map<std::string, HttpPage> pages;
    pages["/"] = {"text/html", [] { return std::string("home"); }};
    pages["/metrics"] = {"text/plain", [] { return std::string("figures"); }};
    pages["/away"] = {"text/plain", [] { return absl::UnavailableError("it is stopping"); }};
    auto server = HttpServer::Start("127.0.0.1:0", pages);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, ServesItsPagesOnAFreePort) {
  EXPECT_EQ(Ask(server_->address(), "GET", "/").body, "home");
  const Reply metrics = Ask(server_->address(), "GET", "/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_EQ(metrics.body, "figures");
}

TEST_F(HttpServerTest, RefusesOtherPathsAndMethods) {
  const Reply missing = Ask(server_->address(), "GET", "/metrics/etc");
  EXPECT_EQ(missing.status, 404);
  EXPECT_THAT(missing.body, HasSubstr("/metrics"));
  EXPECT_EQ(Ask(server_->address(), "GET", "/../../etc/passwd").status / 100, 4);
  EXPECT_EQ(Ask(server_->address(), "POST", "/metrics").status, 405);
}

TEST_F(HttpServerTest, TurnsAnErrorIntoAStatusAndItsMessage) {
  const Reply away = Ask(server_->address(), "GET", "/away");
  EXPECT_EQ(away.status, 503);
  EXPECT_EQ(away.body, "it is stopping\n");
}

TEST_F(HttpServerTest, SaysWhenItCannotListen) {
  auto second = HttpServer::Start(server_->address(), {});
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("metrics_address"));
  EXPECT_FALSE(HttpServer::Start("nonsense", {}).ok());
}

}  // namespace
}  // namespace bonsai
