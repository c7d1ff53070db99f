// Which roles may call which method: the whole of it, in one table. A method that is not here is for admins
// alone, so one that somebody forgets is closed, not open; a test compares the table with the services'
// descriptors.
//
// What a caller sees of a method's answer is another matter: its tenant's things only (CallGuard::ActorOf).
//
// Pure.
#ifndef BONSAI_COORDINATOR_RPC_METHOD_ROLES_H_
#define BONSAI_COORDINATOR_RPC_METHOD_ROLES_H_

#include "absl/strings/string_view.h"
#include "bonsai/v1/config.pb.h"

namespace bonsai {

struct MethodRoles {
  absl::string_view path;  // as HTTP/2 carries it
  bool submit = false;     // a token with this role may call it; one with the role ADMIN may call everything
  bool work = false;
};

inline constexpr MethodRoles kMethodRoles[] = {
    // What workers do.
    {"/bonsai.v1.Workers/Synchronize", false, true},
    {"/bonsai.v1.Workers/AppendLog", false, true},
    // A tenant's own pipelines.
    {"/bonsai.v1.Coordinator/SubmitPipeline", true, false},
    {"/bonsai.v1.Coordinator/ListJobs", true, false},
    {"/bonsai.v1.Coordinator/GetJob", true, false},
    {"/bonsai.v1.Coordinator/WatchPipeline", true, false},
    {"/bonsai.v1.Coordinator/Cancel", true, false},
    {"/bonsai.v1.Coordinator/Pause", true, false},
    {"/bonsai.v1.Coordinator/Retry", true, false},
    {"/bonsai.v1.Coordinator/ExplainJob", true, false},
    {"/bonsai.v1.Coordinator/GetHistory", true, false},
    {"/bonsai.v1.Coordinator/PutSchedule", true, false},
    {"/bonsai.v1.Coordinator/DeleteSchedule", true, false},
    {"/bonsai.v1.Coordinator/ListSchedules", true, false},
    {"/bonsai.v1.Coordinator/GetUsage", true, false},
    {"/bonsai.v1.Coordinator/ReadLog", true, false},
    {"/bonsai.v1.Coordinator/ListArtifacts", true, false},
    {"/bonsai.v1.Coordinator/ListWorkers", true, false},
    {"/bonsai.v1.Coordinator/GetLeaderboard", true, false},
    // Bytes, which a worker without the shared folder fetches and brings for every tenant.
    {"/bonsai.v1.Coordinator/GetArtifact", true, true},
    {"/bonsai.v1.Coordinator/ReadBlob", true, true},
    // What is brought is believed as to where it came from, and tells which blobs are here: not for tenants.
    {"/bonsai.v1.Coordinator/FindMissingBlobs", false, true},
    {"/bonsai.v1.Coordinator/WriteBlob", false, true},
    {"/bonsai.v1.Coordinator/PutArtifact", false, true},
    // The cluster itself.
    {"/bonsai.v1.Coordinator/SetWorker", false, false},
    {"/bonsai.v1.Coordinator/VerifyStorage", false, false},
    {"/bonsai.v1.Coordinator/CollectGarbage", false, false},
    // What gRPC itself serves: for anybody who may call anything.
    {"/grpc.health.v1.Health/Check", true, true},
    {"/grpc.health.v1.Health/Watch", true, true},
    {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", true, true},
};

// Whether a token with these roles may call the method.
inline bool MayCall(const v1::TokenList::Token& token, absl::string_view path) {
  MethodRoles roles;
  for (const MethodRoles& row : kMethodRoles) {
    if (row.path == path) roles = row;
  }
  for (const int role : token.roles()) {
    if (role == v1::TokenList::Token::ADMIN) return true;
    if (role == v1::TokenList::Token::SUBMIT && roles.submit) return true;
    if (role == v1::TokenList::Token::WORK && roles.work) return true;
  }
  return false;
}

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_METHOD_ROLES_H_
