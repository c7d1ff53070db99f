#include "coordinator/web/http_server.h"

#include <civetweb.h>

#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

struct Reply {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers = {};
};

Reply Ask(const std::string& address, const std::string& method, const std::string& path,
          const std::string& headers = "Host: localhost\r\n") {
  const size_t colon = address.rfind(':');
  char error[200] = "";
  mg_connection* connection =
      mg_download(address.substr(0, colon).c_str(), std::stoi(address.substr(colon + 1)), 0, error,
                  sizeof error, "%s %s HTTP/1.0\r\n%s\r\n", method.c_str(), path.c_str(), headers.c_str());
  if (connection == nullptr) return {0, error};
  Reply reply;
  const mg_response_info* info = mg_get_response_info(connection);
  reply.status = info->status_code;
  for (int i = 0; i < info->num_headers; ++i)
    reply.headers[info->http_headers[i].name] = info->http_headers[i].value;
  char buffer[4096];
  for (int n; (n = mg_read(connection, buffer, sizeof buffer)) > 0;) reply.body.append(buffer, n);
  mg_close_connection(connection);
  return reply;
}

class HttpServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::map<std::string, HttpPage> pages;
    pages["/"] = {"text/html", [](const HttpRequest& request) { return "home " + request.Query("sort"); }};
    pages["/metrics"] = {"text/plain", [](const HttpRequest&) { return std::string("figures"); }};
    pages["/away"] = {"text/plain",
                      [](const HttpRequest&) { return absl::UnavailableError("it is stopping"); }};
    pages["/jobs/{pipeline}/{job}"] = {"text/plain", [](const HttpRequest& request) {
                                         return request.fields.at("job") + " of " +
                                                request.fields.at("pipeline");
                                       }};
    pages["/jobs/p1/first"] = {"text/plain", [](const HttpRequest&) { return std::string("the first"); }};
    pages["/static/app.js"] = {"text/javascript", [](const HttpRequest&) { return std::string("1;"); },
                               "\"v1\""};
    auto server =
        HttpServer::Start("127.0.0.1:0", pages, [](int status, absl::string_view, absl::string_view why) {
          return "<p>" + std::to_string(status) + " " + std::string(why) + "</p>";
        });
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, ServesItsPagesOnAFreePort) {
  EXPECT_EQ(Ask(server_->address(), "GET", "/").body, "home ");
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

TEST_F(HttpServerTest, FindsPagesByTheirNamesAndThePathThatIsWrittenOutFirst) {
  EXPECT_EQ(Ask(server_->address(), "GET", "/jobs/p1/pretrain").body, "pretrain of p1");
  EXPECT_EQ(Ask(server_->address(), "GET", "/jobs/p1/first").body, "the first");
  EXPECT_EQ(Ask(server_->address(), "GET", "/jobs/{pipeline}/{job}").body, "{job} of {pipeline}");
  EXPECT_EQ(Ask(server_->address(), "GET", "/jobs/p1").status, 404);
  EXPECT_EQ(Ask(server_->address(), "GET", "/jobs/p1/x/y").status, 404);
}

TEST_F(HttpServerTest, ReadsQueriesAndRefusesBrokenOnes) {
  EXPECT_EQ(Ask(server_->address(), "GET", "/?sort=open%3Arank").body, "home open:rank");
  const Reply broken = Ask(server_->address(), "GET", "/?sort=%zz");
  EXPECT_EQ(broken.status, 400);
  EXPECT_THAT(broken.body, HasSubstr("hexadecimal"));
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  const Reply head = Ask(server_->address(), "HEAD", "/metrics");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("Content-Length"), "7");
  EXPECT_EQ(head.body, "");
}

TEST_F(HttpServerTest, ForbidsInlineAndForeignCodeAndKeepsNothing) {
  const Reply home = Ask(server_->address(), "GET", "/");
  const std::string& policy = home.headers.at("Content-Security-Policy");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, testing::Not(HasSubstr("unsafe")));
  EXPECT_EQ(home.headers.at("Cache-Control"), "no-store");
  EXPECT_EQ(home.headers.at("X-Content-Type-Options"), "nosniff");
}

TEST_F(HttpServerTest, SendsAFileThatTheBrowserHasOnlyOnce) {
  const Reply first = Ask(server_->address(), "GET", "/static/app.js?v=v1");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.headers.at("ETag"), "\"v1\"");
  const Reply again = Ask(server_->address(), "GET", "/static/app.js", "If-None-Match: \"v1\"\r\n");
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(Ask(server_->address(), "GET", "/static/app.js", "If-None-Match: \"v0\"\r\n").status, 200);
  for (const char* path :
       {"/static/../static/x", "/static/%2e%2e/%2e%2e/etc/passwd", "/static/", "/static/app.js/"}) {
    EXPECT_EQ(Ask(server_->address(), "GET", path).status / 100, 4) << path;
  }
}

TEST_F(HttpServerTest, ShowsErrorsAsPagesToBrowsersAlone) {
  const Reply page = Ask(server_->address(), "GET", "/away", "Accept: text/html,*/*;q=0.8\r\n");
  EXPECT_EQ(page.status, 503);
  EXPECT_EQ(page.body, "<p>503 it is stopping</p>");
  EXPECT_EQ(page.headers.at("Content-Type"), "text/html; charset=utf-8");
}

TEST_F(HttpServerTest, AnswersToNoNameThatSomeoneElseMadePointHere) {
  EXPECT_EQ(Ask(server_->address(), "GET", "/metrics", "Host: attacker.example\r\n").status, 421);
  EXPECT_EQ(Ask(server_->address(), "GET", "/metrics", "Host: 127.0.0.1:99\r\n").status, 200);
}

TEST_F(HttpServerTest, SaysWhenItCannotListen) {
  auto second = HttpServer::Start(server_->address(), {});
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("metrics_address"));
  EXPECT_FALSE(HttpServer::Start("nonsense", {}).ok());
}

}  // namespace
}  // namespace bonsai
