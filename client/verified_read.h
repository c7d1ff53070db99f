// Reads a blob from the coordinator and checks it against its name, going on where it was when the connection
// broke or a piece came damaged.
//
// Called by the verbs that bring bytes here. Blocks; one thread.
#ifndef BONSAI_CLIENT_VERIFIED_READ_H_
#define BONSAI_CLIENT_VERIFIED_READ_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/coordinator_client.h"
#include "client/session.h"

struct evp_md_ctx_st;

namespace bonsai {

// A SHA-256 that grows.
class GrowingDigest {
 public:
  GrowingDigest();
  void Update(absl::string_view bytes);
  // 64 lower-case hexadecimal digits. Called once, at the end.
  std::string FinishHex();

 private:
  const std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

// `take` gets the bytes in order, and returns an error to stop. What it got counts only if this returns OK.
// Errors: DataLoss: more than `size_max` bytes, or bytes of another name; those of CoordinatorClient;
// Cancelled: Ctrl-C.
absl::Status ReadVerified(const std::string& sha256, uint64_t size_max, CoordinatorClient& client,
                          const Session& session, const std::function<absl::Status(absl::string_view)>& take);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_VERIFIED_READ_H_
