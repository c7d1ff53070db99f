// For tests: a coordinator with TLS and tokens in this process, and channels of callers that show what a test
// likes.
#ifndef BONSAI_COORDINATOR_SECURE_FIXTURE_H_
#define BONSAI_COORDINATOR_SECURE_FIXTURE_H_

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bonsai/v1/coordinator.grpc.pb.h"
#include "coordinator/coordinator_fixture.h"
#include "security/authority.h"
#include "security/grpc_credentials.h"
#include "security/small_file.h"
#include "security/token.h"

namespace bonsai {

class SecureFixture : public CoordinatorFixture {
 protected:
  // Tokens are their owners' names: "ann" and "bob" submit for the tenants "red" and "blue", "worker" works,
  // "root" is an admin, "late" has expired.
  void SetUp() override {
    CoordinatorFixture::SetUp();
    authority_ = *MakeAuthority(Terms("Test authority"));
    CertificateTerms server = Terms("coordinator");
    server.server = true;
    server.hosts = {"localhost", "127.0.0.1"};
    const KeyPair pair = *IssueCertificate(authority_, server);
    ASSERT_TRUE(WriteNewFile(folder_ + "/ca.pem", authority_.certificate).ok());
    ASSERT_TRUE(WriteNewFile(folder_ + "/server.pem", pair.certificate).ok());
    ASSERT_TRUE(WriteNewFile(folder_ + "/server-key.pem", pair.key).ok());
    ASSERT_TRUE(WriteNewFile(folder_ + "/tokens", Tokens()).ok());
    caller_ = *IssueCertificate(authority_, Terms("caller"));
    StartSecurely("127.0.0.1:0");
  }

  void StartSecurely(const std::string& address) {
    coordinator_ = nullptr;
    absl::StatusOr<v1::CoordinatorConfig> config = ParseCoordinatorConfig("test", ConfigText());
    ASSERT_TRUE(config.ok()) << config.status();
    config->set_listen_address(address);
    config->mutable_security()->set_certificate_file(folder_ + "/server.pem");
    config->mutable_security()->set_key_file(folder_ + "/server-key.pem");
    config->mutable_security()->set_ca_file(folder_ + "/ca.pem");
    config->mutable_security()->set_tokens_file(folder_ + "/tokens");
    absl::StatusOr<std::unique_ptr<Coordinator>> started = Coordinator::Start(*config);
    ASSERT_TRUE(started.ok()) << started.status();
    coordinator_ = *std::move(started);
  }

  static CertificateTerms Terms(const std::string& name) {
    return {name, absl::Now() - absl::Hours(1), absl::Now() + absl::Hours(1)};
  }

  static std::string Entry(const std::string& name, const std::string& more) {
    return absl::StrCat("tokens { name: '", name, "' sha256: '", TokenSha256(name), "' ", more, " }\n");
  }

  static std::string Tokens() {
    return absl::StrCat(Entry("ann", "roles: SUBMIT tenant: 'red'"),
                        Entry("bob", "roles: SUBMIT tenant: 'blue'"), Entry("worker", "roles: WORK"),
                        Entry("root", "roles: ADMIN"), Entry("late", "roles: ADMIN expires_unix_ms: 1"));
  }

  // What a caller with a good certificate shows.
  Credentials Shown(const std::string& token) const {
    return {authority_.certificate, caller_.certificate, caller_.key, token};
  }

  std::shared_ptr<grpc::Channel> ChannelWith(
      const std::shared_ptr<grpc::ChannelCredentials>& credentials) const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(coordinator_->address(), credentials, arguments);
  }
  std::shared_ptr<grpc::Channel> ChannelOf(const std::string& token) const {
    return ChannelWith(MakeChannelCredentials(Shown(token)));
  }

  struct Answer {
    grpc::Status status;
    int messages = 0;
  };
  // Calls the method with an empty message, or with `bytes`, whatever its kind, and reads at most one answer.
  static Answer Call(const std::shared_ptr<grpc::Channel>& channel, const std::string& path,
                     const std::string& bytes = "") {
    grpc::GenericStub stub(channel);
    grpc::CompletionQueue queue;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(kCallSeconds));
    void* tag = nullptr;
    bool ok = false;
    auto call = stub.PrepareCall(&context, path, &queue);
    call->StartCall(&call);
    queue.Next(&tag, &ok);
    grpc::Slice slice(bytes);
    grpc::ByteBuffer request(&slice, 1);
    Answer answer;
    if (ok) {
      call->Write(request, &call);
      queue.Next(&tag, &ok);
    }
    if (ok) {
      call->WritesDone(&call);
      queue.Next(&tag, &ok);
    }
    grpc::ByteBuffer response;
    call->Read(&response, &call);
    queue.Next(&tag, &ok);
    if (ok) {
      ++answer.messages;
      context.TryCancel();  // of a stream that goes on
    }
    call->Finish(&answer.status, &call);
    queue.Next(&tag, &ok);
    if (answer.messages > 0 && answer.status.error_code() == grpc::StatusCode::CANCELLED) answer.status = {};
    return answer;
  }

  KeyPair authority_, caller_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SECURE_FIXTURE_H_
