// What became of storage, as text: what a collection of garbage removed, what a verification found.
//
// Pure functions.
#ifndef BONSAI_CLIENT_STORAGE_VIEW_H_
#define BONSAI_CLIENT_STORAGE_VIEW_H_

#include <string>

#include "bonsai/v1/coordinator.pb.h"

namespace bonsai {

std::string RenderCollection(const v1::CollectGarbageResponse& response, bool dry_run);

// The blob, what is wrong with it, and the artifacts and checkpoints that name it.
std::string RenderStorageProblem(const v1::StorageProblem& problem);

// "12 blobs, 3.4 MiB, verified: 1 is damaged or missing"
std::string RenderVerification(const v1::VerifyStorageResponse& last, size_t problems);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_STORAGE_VIEW_H_
