#include "client/verified_read.h"

#include <openssl/evp.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/piece_checksum.h"

namespace bonsai {
namespace {

constexpr int kTriesMax = 10;
constexpr absl::Duration kRetryInterval = absl::Milliseconds(300);

// A coordinator of before sends no checksum.
bool IsSound(const v1::ReadBlobResponse& response) {
  return response.crc32c() == 0 || response.crc32c() == Crc32c(response.data());
}

}  // namespace

GrowingDigest::GrowingDigest() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
}

void GrowingDigest::Update(absl::string_view bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string GrowingDigest::FinishHex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_DigestFinal_ex(context_.get(), digest, &size);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), size));
}

absl::Status ReadVerified(const std::string& sha256, uint64_t size_max, CoordinatorClient& client,
                          const Session& session,
                          const std::function<absl::Status(absl::string_view)>& take) {
  GrowingDigest digest;
  v1::ReadBlobRequest request;
  request.set_sha256(sha256);
  absl::Status status;
  for (int tries = 0; tries < kTriesMax; ++tries) {
    absl::Status taken;
    bool damaged = false;
    const uint64_t before = request.offset();
    status = client.ReadBlob(request, [&](const v1::ReadBlobResponse& response) {
      damaged = !IsSound(response);
      if (damaged) return false;
      request.set_offset(request.offset() + response.data().size());
      if (Interrupted(session)) taken = absl::CancelledError("interrupted");
      if (request.offset() > size_max) {
        taken = absl::DataLossError(absl::StrCat("blob ", sha256, " has more than its ", size_max, " bytes"));
      }
      digest.Update(response.data());
      if (taken.ok()) taken = take(response.data());
      return taken.ok();
    });
    if (!taken.ok()) return taken;
    if (damaged) status = absl::UnavailableError(absl::StrCat("blob ", sha256, ": pieces come damaged"));
    if (!IsUnreachable(status)) break;
    if (request.offset() > before) tries = 0;
    absl::SleepFor(kRetryInterval);
  }
  if (!status.ok()) return status;
  if (digest.FinishHex() != sha256) {
    return absl::DataLossError(absl::StrCat("the bytes that came for blob ", sha256,
                                            " have another SHA-256; the coordinator's storage or the "
                                            "connection is damaged"));
  }
  return absl::OkStatus();
}

}  // namespace bonsai
