#include "client/storage_verbs.h"

#include <memory>

#include "client/coordinator_client.h"
#include "client/json_output.h"
#include "client/storage_view.h"

namespace bonsai {

absl::StatusOr<int> RunStorageGc(bool dry_run, Session& session) {
  const auto address = CoordinatorAddress(session);
  if (!address.ok()) return address.status();
  CoordinatorClient client(*address);
  const auto response = client.CollectGarbage(dry_run);
  if (!response.ok()) return response.status();
  session.out << (session.json ? ToJsonLine(*response) : RenderCollection(*response, dry_run)) << std::flush;
  return kExitOk;
}

absl::StatusOr<int> RunStorageVerify(bool quarantine, Session& session) {
  const auto address = CoordinatorAddress(session);
  if (!address.ok()) return address.status();
  CoordinatorClient client(*address);
  v1::VerifyStorageRequest request;
  request.set_quarantine(quarantine);
  size_t problems = 0;
  v1::VerifyStorageResponse last;
  const absl::Status verified = client.VerifyStorage(request, [&](v1::VerifyStorageResponse response) {
    if (Interrupted(session)) return false;
    if (session.json) session.out << ToJsonLine(response);
    for (const v1::StorageProblem& problem : response.problems()) {
      ++problems;
      if (!session.json) session.out << RenderStorageProblem(problem);
    }
    session.out << std::flush;
    last = std::move(response);
    return true;
  });
  if (!verified.ok()) return verified;
  if (Interrupted(session)) return kExitInterrupted;
  if (!last.ended()) return absl::UnavailableError("the coordinator went away before all was verified");
  if (!session.json) session.out << RenderVerification(last, problems) << std::flush;
  return problems == 0 ? kExitOk : kExitRefused;
}

}  // namespace bonsai
