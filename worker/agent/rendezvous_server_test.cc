#include "worker/agent/rendezvous_server.h"

#include <unistd.h>

#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runner/rendezvous_frame.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using Words = std::vector<std::string>;

class RendezvousServerTest : public ::testing::Test {
 protected:
  RendezvousServerTest() {
    auto started = RendezvousServer::Start("127.0.0.1", "sesame");
    if (!started.ok()) std::abort();
    server_ = *std::move(started);
  }

  // A connection that says who it is.
  struct Rank {
    Rank(const RendezvousServer& server, const Words& first) {
      const RendezvousAddress address = *ParseRendezvousAddress(server.address());
      fd = *ConnectTo(address.host, address.port);
      joined = Ask(first);
    }
    ~Rank() { HangUp(); }
    void HangUp() {
      if (fd >= 0) close(fd);
      fd = -1;
    }
    Words Ask(const Words& request) {
      if (!SendRendezvousFrame(fd, request).ok()) return {"gone"};
      auto answer = ReceiveRendezvousFrame(fd);
      return answer.ok() ? *answer : Words{"gone"};
    }
    int fd = -1;
    Words joined;
  };
  std::unique_ptr<Rank> Join(const std::string& attempt, const std::string& rank) {
    auto joined = std::make_unique<Rank>(*server_, Words{"join", "sesame", attempt, rank});
    EXPECT_THAT(joined->joined, ElementsAre(""));
    return joined;
  }

  std::unique_ptr<RendezvousServer> server_;
};

TEST_F(RendezvousServerTest, AWordOfOneRankIsAllRanks) {
  auto zero = Join("p1/a-1", "0"), one = Join("p1/a-1", "1");
  Words heard;
  std::thread waits([&] { heard = one->Ask({"get", "key", "30000"}); });
  EXPECT_THAT(zero->Ask({"set", "key", std::string("v\0w", 3)}), ElementsAre(""));
  waits.join();
  EXPECT_THAT(heard, ElementsAre("", std::string("v\0w", 3)));
  EXPECT_THAT(one->Ask({"has", "key"}), ElementsAre("", "1"));
  EXPECT_THAT(one->Ask({"has", "key", "other"}), ElementsAre("", "0"));
  EXPECT_THAT(one->Ask({"add", "n", "3"}), ElementsAre("", "3"));
  EXPECT_THAT(zero->Ask({"add", "n", "-1"}), ElementsAre("", "2"));
  EXPECT_THAT(zero->Ask({"count"}), ElementsAre("", "2"));
  EXPECT_THAT(zero->Ask({"drop", "n"}), ElementsAre("", "1"));
  EXPECT_THAT(zero->Ask({"drop", "n"}), ElementsAre("", "0"));
}

TEST_F(RendezvousServerTest, AttemptsDoNotHearEachOtherAndLeaveNothing) {
  auto first = Join("p1/a-1", "0"), second = Join("p1/a-2", "0");
  first->Ask({"set", "key", "old"});
  EXPECT_NE(second->Ask({"get", "key", "0"})[0], "");
  second->Ask({"set", "key", "new"});
  second->HangUp();
  // What it said goes with the last of its ranks; the server may notice a little later.
  auto again = Join("p1/a-2", "0");
  while (again->Ask({"has", "key"}) != Words{"", "0"}) {
    again = nullptr;
    std::this_thread::yield();
    again = Join("p1/a-2", "0");
  }
  EXPECT_THAT(first->Ask({"get", "key", "0"}), ElementsAre("", "old"));
}

TEST_F(RendezvousServerTest, SaysWhoIsGoneAndWhoNeverCame) {
  auto zero = Join("p1/a-1", "0"), one = Join("p1/a-1", "1");
  EXPECT_THAT(zero->Ask({"absent", "3"}), ElementsAre("", "2 never"));
  one->HangUp();
  while (zero->Ask({"absent", "2"}) != Words{"", "1 gone"}) std::this_thread::yield();
}

TEST_F(RendezvousServerTest, WhoDoesNotKnowTheSecretHearsNothing) {
  Rank stranger(*server_, {"join", "sesami", "p1/a-1", "0"});
  EXPECT_THAT(stranger.joined, ElementsAre("gone"));
  Rank rude(*server_, {"set", "key", "value"});
  EXPECT_THAT(rude.joined, ElementsAre("gone"));
}

TEST_F(RendezvousServerTest, WhatIsNotUnderstoodOrTooMuchIsRefused) {
  auto zero = Join("p1/a-1", "0");
  EXPECT_NE(zero->Ask({"get", "key", "-1"})[0], "");
  EXPECT_NE(zero->Ask({"sing"})[0], "");
  zero->Ask({"set", "word", "x"});
  EXPECT_NE(zero->Ask({"add", "word", "1"})[0], "");
  EXPECT_NE(zero->Ask({"absent", "99999999"})[0], "");
  const std::string much(kRendezvousFrameBytesMax - 100, 'x');
  Words answer = {""};
  for (int i = 0; answer[0].empty() && i < 1000; ++i) answer = zero->Ask({"set", std::to_string(i), much});
  EXPECT_EQ(answer[0], "too much is kept");
}

TEST_F(RendezvousServerTest, EndsThoughRanksWait) {
  auto zero = Join("p1/a-1", "0");
  Words heard;
  std::thread waits([&] { heard = zero->Ask({"get", "key", "3600000"}); });
  server_ = nullptr;
  waits.join();
  EXPECT_NE(heard[0], "");
}

}  // namespace
}  // namespace bonsai
