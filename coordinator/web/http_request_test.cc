#include "coordinator/web/http_request.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(ParseQueryTest, DecodesNamesAndValues) {
  const auto query = ParseQuery("track=from_scratch&name=a+b%26c&empty&x=1&x=2&u=%C3%A9");
  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_THAT(*query, ElementsAre(Pair("empty", ""), Pair("name", "a b&c"), Pair("track", "from_scratch"),
                                  Pair("u", "\u00e9"), Pair("x", "2")));
  EXPECT_TRUE(ParseQuery("")->empty());
}

TEST(ParseQueryTest, RefusesWhatIsNoText) {
  for (const char* bad : {"a=%", "a=%4", "a=%zz", "a=%00", "a=%0a", "a=%ff", "a=%c0%80", "a=%ed%a0%80",
                          "a=%f5%80%80%80", "a=%c3", "a=%c2%85"}) {
    EXPECT_FALSE(ParseQuery(bad).ok()) << bad;
  }
}

TEST(ParseQueryTest, BoundsFieldsAndLengths) {
  std::string many;
  for (size_t i = 0; i < kQueryFieldsMax; ++i) many += "&a" + std::to_string(i);
  EXPECT_TRUE(ParseQuery(many).ok());
  EXPECT_FALSE(ParseQuery(many + "&b").ok());
  EXPECT_TRUE(ParseQuery("a=" + std::string(kQueryValueBytesMax, 'x')).ok());
  EXPECT_FALSE(ParseQuery("a=" + std::string(kQueryValueBytesMax + 1, 'x')).ok());
}

TEST(HttpRequestTest, ReadsCountsWithinBounds) {
  HttpRequest request;
  request.query = {{"n", "12"}, {"minus", "-1"}, {"large", "101"}, {"word", "1x"}, {"plus", "+1"}};
  EXPECT_EQ(*request.QueryCount("n", 5, 100), 12u);
  EXPECT_EQ(*request.QueryCount("unset", 5, 100), 5u);
  for (const char* bad : {"minus", "large", "word", "plus"}) {
    const auto count = request.QueryCount(bad, 5, 100);
    ASSERT_FALSE(count.ok()) << bad;
    EXPECT_THAT(std::string(count.status().message()), HasSubstr("from 0 to 100"));
  }
}

TEST(MatchRouteTest, MatchesSegmentBySegment) {
  EXPECT_THAT(*MatchRoute("/jobs/{pipeline}/{job}", "/jobs/p1/pretrain"),
              ElementsAre(Pair("job", "pretrain"), Pair("pipeline", "p1")));
  EXPECT_TRUE(MatchRoute("/", "/").has_value());
  EXPECT_FALSE(MatchRoute("/jobs/{pipeline}/{job}", "/jobs/p1").has_value());
  EXPECT_FALSE(MatchRoute("/jobs/{pipeline}/{job}", "/jobs/p1/").has_value());
  EXPECT_FALSE(MatchRoute("/jobs/{pipeline}/{job}", "/jobs/p1/x/y").has_value());
  EXPECT_FALSE(MatchRoute("/jobs/{pipeline}/{job}", "/job/p1/x").has_value());
  EXPECT_FALSE(MatchRoute("/static/app.js", "/static/../static/app.js").has_value());
}

TEST(IsLocalHostNameTest, AcceptsAddressesAndLocalhostAlone) {
  for (const char* good :
       {"", "localhost", "LocalHost:80", "127.0.0.1:4000", "[::1]:4000", "bonsai.localhost"}) {
    EXPECT_TRUE(IsLocalHostName(good)) << good;
  }
  for (const char* bad :
       {"attacker.example", "attacker.example:4000", "localhost.attacker.example", "127.0.0.1.x"}) {
    EXPECT_FALSE(IsLocalHostName(bad)) << bad;
  }
}

}  // namespace
}  // namespace bonsai
