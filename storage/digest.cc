#include "storage/digest.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "absl/strings/escaping.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

constexpr size_t kChunkBytes = 1 << 20;

// OpenSSL's SHA-256 fails only when memory is exhausted or the library is built without it; neither is
// recoverable.
void Require(bool ok) {
  if (!ok) std::abort();
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  Require(context_ != nullptr && EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() { EVP_MD_CTX_free(context_); }

void Sha256::Update(absl::string_view bytes) {
  Require(EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::FinishHex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  Require(EVP_DigestFinal_ex(context_, digest, &size) == 1);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), size));
}

std::string Sha256Hex(absl::string_view bytes) {
  Sha256 digest;
  digest.Update(bytes);
  return digest.FinishHex();
}

absl::StatusOr<v1::Blob> DigestFile(const std::string& path) {
  Sha256 digest;
  v1::Blob blob;
  uint64_t size = 0;
  absl::Status read = ForEachChunk(path, kChunkBytes, [&](absl::string_view chunk) {
    digest.Update(chunk);
    size += chunk.size();
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  blob.set_sha256(digest.FinishHex());
  blob.set_size_bytes(size);
  return blob;
}

bool IsSha256Hex(absl::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace bonsai
