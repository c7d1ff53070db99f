#include "coordinator/rpc/grpc_call.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

TEST(GrpcCallTest, KeepsCodeAndMessage) {
  const grpc::Status status = ToGrpcStatus(absl::NotFoundError("there is no job \"p1/x\""));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "there is no job \"p1/x\"");
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
}

TEST(GrpcCallTest, CutsAMessageThatDoesNotFitAHeaderBetweenCharacters) {
  std::string message;
  while (message.size() < 5000) message += "\xC3\xA4";  // two bytes each
  const std::string cut = ToGrpcStatus(absl::InvalidArgumentError(message)).error_message();
  EXPECT_LT(cut.size(), 2600u);
  EXPECT_THAT(cut, HasSubstr("more bytes)"));
  EXPECT_EQ(cut.find('\n') % 2, 0u);  // whole characters before it
}

TEST(GrpcCallTest, MeasuresACall) {
  Metrics metrics;
  EXPECT_FALSE(RunCall(&metrics, "GetJob", [] { return absl::NotFoundError("no"); }).ok());
  EXPECT_THAT(metrics.Text(), HasSubstr("bonsai_rpcs_total{code=\"NOT_FOUND\",method=\"GetJob\"} 1\n"));
  EXPECT_THAT(metrics.Text(), HasSubstr("bonsai_rpc_seconds_count{method=\"GetJob\"} 1\n"));
}

}  // namespace
}  // namespace bonsai
