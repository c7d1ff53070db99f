// Who gets in: over a real server, with real handshakes.
#include <google/protobuf/descriptor.h>

#include <set>

#include "coordinator/rpc/method_roles.h"
#include "coordinator/secure_fixture.h"
#include "gmock/gmock.h"
#include "security/handshake.h"

namespace bonsai {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;

constexpr char kHealth[] = "/grpc.health.v1.Health/Check";
constexpr char kReflection[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
constexpr char kListJobs[] = "/bonsai.v1.Coordinator/ListJobs";

// Every method of both services, as their descriptors say, and those of gRPC's own services.
std::set<std::string> AllMethods() {
  std::set<std::string> methods = {kHealth, "/grpc.health.v1.Health/Watch", kReflection};
  for (const char* name : {"bonsai.v1.Coordinator", "bonsai.v1.Workers"}) {
    const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    for (int i = 0; i < service->method_count(); ++i)
      methods.insert(absl::StrCat("/", name, "/", service->method(i)->name()));
  }
  return methods;
}

class CallGuardTest : public SecureFixture {};

TEST_F(CallGuardTest, TheTableNamesEveryMethodOnce) {
  std::set<std::string> table;
  for (const MethodRoles& row : kMethodRoles)
    EXPECT_TRUE(table.insert(std::string(row.path)).second) << row.path;
  EXPECT_EQ(table, AllMethods());
}

TEST_F(CallGuardTest, NoMethodAnswersACallWithoutAValidToken) {
  for (const char* token : {"", "mallory", "late"}) {
    const auto channel = ChannelOf(token);
    for (const std::string& method : AllMethods()) {
      const Answer answer = Call(channel, method);
      EXPECT_EQ(answer.status.error_code(), StatusCode::UNAUTHENTICATED) << token << " " << method;
      EXPECT_EQ(answer.messages, 0) << token << " " << method;
    }
  }
}

TEST_F(CallGuardTest, NoMethodAnswersATokenWithAnotherRole) {
  const auto submits = ChannelOf("ann");
  const auto works = ChannelOf("worker");
  int refused = 0;
  for (const MethodRoles& row : kMethodRoles) {
    for (const auto& [channel, may] : {std::pair(submits, row.submit), std::pair(works, row.work)}) {
      if (may) continue;
      const Answer answer = Call(channel, std::string(row.path));
      EXPECT_EQ(answer.status.error_code(), StatusCode::PERMISSION_DENIED) << row.path;
      EXPECT_EQ(answer.messages, 0) << row.path;
      ++refused;
    }
  }
  EXPECT_GT(refused, 20);
}

TEST_F(CallGuardTest, TheRightRoleGetsAsFarAsTheMethod) {
  for (const auto& [token, method] :
       {std::pair("ann", kListJobs), std::pair("ann", kHealth), std::pair("worker", kHealth),
        std::pair("root", "/bonsai.v1.Coordinator/ListWorkers"), std::pair("root", kListJobs)}) {
    const Answer answer = Call(ChannelOf(token), method);
    EXPECT_TRUE(answer.status.ok()) << token << " " << method << ": " << answer.status.error_message();
  }
  // ServerReflectionRequest{list_services: ""}
  EXPECT_EQ(Call(ChannelOf("ann"), kReflection, std::string("\x3a\x00", 2)).messages, 1);
  // Refused by the method itself, for want of a worker's id.
  EXPECT_EQ(Call(ChannelOf("worker"), "/bonsai.v1.Workers/Synchronize").status.error_code(),
            StatusCode::INVALID_ARGUMENT);
}

TEST_F(CallGuardTest, AMethodThatDoesNotExistIsForAdminsToLearnAbout) {
  EXPECT_EQ(Call(ChannelOf("ann"), "/bonsai.v1.Coordinator/NoSuch").status.error_code(),
            StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Call(ChannelOf("root"), "/bonsai.v1.Coordinator/NoSuch").status.error_code(),
            StatusCode::UNIMPLEMENTED);
}

TEST_F(CallGuardTest, TwoTokensOnOneConnectionAreTwoCallers) {
  const auto channel = ChannelOf("");
  for (const auto& [token, code] :
       {std::pair("ann", StatusCode::OK), std::pair("", StatusCode::UNAUTHENTICATED),
        std::pair("worker", StatusCode::PERMISSION_DENIED), std::pair("root", StatusCode::OK)}) {
    grpc::ClientContext context;
    if (*token != 0) context.AddMetadata(kAuthorizationKey, absl::StrCat("Bearer ", token));
    v1::ListJobsResponse response;
    const auto stub = v1::Coordinator::NewStub(channel);
    EXPECT_EQ(stub->ListJobs(&context, {}, &response).error_code(), code) << token;
  }
}

TEST_F(CallGuardTest, MoreThanOneAuthorizationIsNone) {
  grpc::ClientContext context;
  context.AddMetadata(kAuthorizationKey, "Bearer root");
  v1::ListJobsResponse response;
  const auto status = v1::Coordinator::NewStub(ChannelOf("root"))->ListJobs(&context, {}, &response);
  EXPECT_EQ(status.error_code(), StatusCode::UNAUTHENTICATED);
}

TEST_F(CallGuardTest, AChangedListHoldsWithoutARestart) {
  ASSERT_TRUE(ReplaceFile(folder_ + "/tokens", Entry("carol", "roles: SUBMIT")).ok());
  const auto old = ChannelOf("ann");
  while (Call(old, kListJobs).status.error_code() != StatusCode::UNAUTHENTICATED) continue;
  EXPECT_TRUE(Call(ChannelOf("carol"), kListJobs).status.ok());
}

TEST_F(CallGuardTest, WithoutTheRightCertificateThereIsNotEvenACall) {
  const KeyPair other = *MakeAuthority(Terms("Other authority"));
  const KeyPair stranger = *IssueCertificate(other, Terms("stranger"));
  CertificateTerms past{"past", absl::Now() - absl::Hours(3), absl::Now() - absl::Hours(2)};
  const KeyPair expired = *IssueCertificate(authority_, past);
  const KeyPair server{*ReadSmallFile(folder_ + "/server.pem"), *ReadSmallFile(folder_ + "/server-key.pem")};
  Credentials none = Shown("root"), strange = Shown("root"), late = Shown("root"), wrong_use = Shown("root");
  none.certificate = none.key = "";
  strange.certificate = stranger.certificate, strange.key = stranger.key;
  late.certificate = expired.certificate, late.key = expired.key;
  wrong_use.certificate = server.certificate, wrong_use.key = server.key;
  for (const Credentials& shown : {none, strange, late, wrong_use}) {
    const Answer answer = Call(ChannelWith(MakeChannelCredentials(shown)), kListJobs);
    EXPECT_EQ(answer.status.error_code(), StatusCode::UNAVAILABLE) << answer.status.error_message();
    EXPECT_EQ(answer.messages, 0);
  }
  EXPECT_EQ(Call(ChannelWith(grpc::InsecureChannelCredentials()), kListJobs).status.error_code(),
            StatusCode::UNAVAILABLE);
}

TEST_F(CallGuardTest, ADiagnosisSaysWhatIsWrongAndWhatToDo) {
  StartSecurely("0.0.0.0:0");
  const std::string port = coordinator_->address().substr(coordinator_->address().rfind(':'));
  const std::string address = "127.0.0.1" + port;
  const Credentials good = Shown("root");
  EXPECT_TRUE(DiagnoseHandshake(address, &good).ok()) << DiagnoseHandshake(address, &good);
  EXPECT_TRUE(DiagnoseHandshake("127.0.0.1:1", &good).ok());
  const auto says = [](const absl::Status& status) { return std::string(status.message()); };
  EXPECT_THAT(
      says(DiagnoseHandshake("127.0.0.2" + port, &good)),
      testing::AllOf(HasSubstr("localhost, 127.0.0.1, not for 127.0.0.2"), HasSubstr("cert server --host")));
  EXPECT_THAT(says(DiagnoseHandshake(address, nullptr)), HasSubstr("--credentials"));
  const KeyPair other = *MakeAuthority(Terms("Other authority"));
  const KeyPair stranger = *IssueCertificate(other, Terms("stranger"));
  Credentials strange = good;
  strange.certificate = stranger.certificate, strange.key = stranger.key;
  EXPECT_THAT(says(DiagnoseHandshake(address, &strange)),
              HasSubstr("refuses this side's certificate (stranger)"));
  Credentials unknown = good;
  unknown.ca = other.certificate;
  EXPECT_THAT(says(DiagnoseHandshake(address, &unknown)),
              HasSubstr("signed by \"Test authority\", an authority that"));
  CertificateTerms past{"past", absl::Now() - absl::Hours(3), absl::Now() - absl::Hours(2)};
  const KeyPair expired = *IssueCertificate(authority_, past);
  Credentials late = good;
  late.certificate = expired.certificate, late.key = expired.key;
  EXPECT_THAT(says(DiagnoseHandshake(address, &late)), HasSubstr("(past): it has expired"));
}

TEST_F(CallGuardTest, ListensBeyondLoopbackOnlyWithCertificatesAndTokens) {
  StartSecurely("0.0.0.0:0");
  v1::CoordinatorConfig open = *ParseCoordinatorConfig("test", ConfigText());
  open.set_state_dir(folder_ + "/other");
  open.set_listen_address("0.0.0.0:0");
  const absl::Status refused = Coordinator::Start(open).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()),
              testing::AllOf(HasSubstr("listen_address: \"0.0.0.0:0\""), HasSubstr("bonsai cert init")));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/other"));
  open.set_listen_address("127.0.0.1:0");
  open.set_metrics_address("0.0.0.0:0");
  EXPECT_THAT(std::string(Coordinator::Start(open).status().message()),
              HasSubstr("metrics_address: \"0.0.0.0:0\""));
  open.set_metrics_address("127.0.0.1:0");
  open.mutable_security()->set_tokens_file(folder_ + "/tokens");
  EXPECT_THAT(std::string(Coordinator::Start(open).status().message()),
              HasSubstr("security.certificate_file"));
}

}  // namespace
}  // namespace bonsai
