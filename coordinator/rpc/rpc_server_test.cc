#include "coordinator/rpc/rpc_server.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include "bonsai/v1/coordinator.grpc.pb.h"
#include "bonsai/v1/worker.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

// Sends one message on a stream of any method and gives the first message back, both as they are on the wire:
// the standard services have no stubs here.
std::string Exchange(const std::string& address, const std::string& method, const std::string& request) {
  grpc::GenericStub stub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  grpc::CompletionQueue queue;
  void* tag = nullptr;
  bool ok = false;
  auto call = stub.PrepareCall(&context, method, &queue);
  call->StartCall(&call);
  EXPECT_TRUE(queue.Next(&tag, &ok) && ok);
  grpc::Slice slice(request);
  call->Write(grpc::ByteBuffer(&slice, 1), &call);
  EXPECT_TRUE(queue.Next(&tag, &ok) && ok);
  grpc::ByteBuffer response;
  call->Read(&response, &call);
  EXPECT_TRUE(queue.Next(&tag, &ok) && ok) << method;
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(response.Dump(&slices).ok());
  std::string bytes;
  for (const grpc::Slice& part : slices)
    bytes.append(reinterpret_cast<const char*>(part.begin()), part.size());
  call->WritesDone(&call);
  EXPECT_TRUE(queue.Next(&tag, &ok));
  grpc::Status status;
  call->Finish(&status, &call);
  EXPECT_TRUE(queue.Next(&tag, &ok));
  EXPECT_TRUE(status.ok()) << status.error_message();
  return bytes;
}

class RpcServerTest : public ::testing::Test {
 protected:
  std::unique_ptr<RpcServer> Start(const std::string& address, const std::string& last = "") {
    auto server = RpcServer::Start(address, last, {&coordinator_, &workers_});
    EXPECT_TRUE(server.ok()) << server.status();
    return server.ok() ? *std::move(server) : nullptr;
  }

  v1::Coordinator::Service coordinator_;
  v1::Workers::Service workers_;
};

TEST_F(RpcServerTest, ListsItsServicesByReflection) {
  auto server = Start("127.0.0.1:0");
  // ServerReflectionRequest{list_services: ""}
  const std::string response =
      Exchange(server->address(), "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
               std::string("\x3a\x00", 2));
  EXPECT_THAT(response, HasSubstr("bonsai.v1.Coordinator"));
  EXPECT_THAT(response, HasSubstr("bonsai.v1.Workers"));
}

TEST_F(RpcServerTest, SaysThatItServesByTheHealthService) {
  auto server = Start("127.0.0.1:0");
  // HealthCheckRequest{} -> HealthCheckResponse{status: SERVING}
  EXPECT_EQ(Exchange(server->address(), "/grpc.health.v1.Health/Check", ""), "\x08\x01");
}

TEST_F(RpcServerTest, TriesItsLastPortFirst) {
  std::string last;
  {
    auto server = Start("127.0.0.1:0");
    last = server->address();
  }
  auto second = Start("127.0.0.1:0", last);
  EXPECT_EQ(second->address(), last);
  auto third = Start("127.0.0.1:0", last);  // taken
  EXPECT_NE(third->address(), last);
}

TEST_F(RpcServerTest, DoesNotShareAPort) {
  auto first = Start("127.0.0.1:0");
  auto second = RpcServer::Start(first->address(), "", {&coordinator_});
  EXPECT_TRUE(absl::IsUnavailable(second.status()));
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(first->address()));
}

TEST_F(RpcServerTest, RefusesWhatIsNoAddress) {
  for (const char* address : {"", "localhost", "127.0.0.1:http", "127.0.0.1:70000", ":1"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(RpcServer::Start(address, "", {}).status())) << address;
  }
}

TEST(IsLoopbackTest, KnowsWhatOthersCanReach) {
  for (const char* address : {"127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"}) {
    EXPECT_TRUE(IsLoopback(address)) << address;
  }
  for (const char* address : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "example.org:1", "1127.0.0.1:1"}) {
    EXPECT_FALSE(IsLoopback(address)) << address;
  }
}

}  // namespace
}  // namespace bonsai
