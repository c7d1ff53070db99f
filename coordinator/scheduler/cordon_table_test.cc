#include "coordinator/scheduler/cordon_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bonsai {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

v1::SetWorkerRequest Request(const std::string& worker, v1::SetWorkerRequest::Action action) {
  v1::SetWorkerRequest request;
  request.set_worker_id(worker);
  request.set_action(action);
  request.set_reason("new disk");
  return request;
}

TEST(CordonTableTest, KeepsWhatWasSaidOfAWorkerUntilItIsTakenBack) {
  CordonTable table;
  ASSERT_TRUE(table.Set(Request("w1", v1::SetWorkerRequest::CORDON), "ada", absl::FromUnixMillis(5)).ok());
  ASSERT_NE(table.Find("w1"), nullptr);
  EXPECT_FALSE(table.Find("w1")->drained());
  EXPECT_EQ(table.Find("w1")->since_unix_ms(), 5);
  EXPECT_EQ(DescribeCordon(*table.Find("w1")), "is cordoned by ada: new disk");
  EXPECT_THAT(table.TakeChanged(), SizeIs(1));
  ASSERT_TRUE(table.Set(Request("w1", v1::SetWorkerRequest::DRAIN), "bob", absl::FromUnixMillis(6)).ok());
  EXPECT_EQ(DescribeCordon(*table.Find("w1")), "is drained by bob: new disk");
  const auto record =
      table.Set(Request("w1", v1::SetWorkerRequest::UNCORDON), "bob", absl::FromUnixMillis(7));
  ASSERT_TRUE(record.ok());
  EXPECT_FALSE(record->cordoned() || record->drained());
  EXPECT_EQ(table.Find("w1"), nullptr);
  const auto changed = table.TakeChanged();
  ASSERT_THAT(changed, SizeIs(2));
  EXPECT_FALSE(changed[1].cordoned());
}

TEST(CordonTableTest, TakingBackWhatWasNotSaidChangesNothing) {
  CordonTable table;
  EXPECT_TRUE(table.Set(Request("w1", v1::SetWorkerRequest::UNCORDON), "ada", absl::UnixEpoch()).ok());
  EXPECT_THAT(table.TakeChanged(), IsEmpty());
}

TEST(CordonTableTest, SaysWhatIsWrongWithARequest) {
  CordonTable table;
  const auto refusal = [&](const v1::SetWorkerRequest& request) {
    return std::string(table.Set(request, "ada", absl::UnixEpoch()).status().message());
  };
  EXPECT_THAT(refusal(Request("", v1::SetWorkerRequest::CORDON)), HasSubstr("worker_id is empty"));
  EXPECT_THAT(refusal(Request("w1", v1::SetWorkerRequest::ACTION_UNSPECIFIED)), HasSubstr("action is 0"));
  EXPECT_THAT(refusal(Request(std::string(300, 'w'), v1::SetWorkerRequest::CORDON)),
              HasSubstr("300 bytes; at most 256"));
  EXPECT_THAT(table.all(), IsEmpty());
}

}  // namespace
}  // namespace bonsai
