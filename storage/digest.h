// SHA-256, the name of everything in storage: of bytes at hand, of a stream, of a file.
//
// Called by blob stores, manifests and readers of outside files. A Sha256 belongs to one thread; the
// functions are safe from any.
#ifndef BONSAI_STORAGE_DIGEST_H_
#define BONSAI_STORAGE_DIGEST_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/artifact.pb.h"

struct evp_md_ctx_st;

namespace bonsai {

// A digest that grows with the bytes it is given.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Update(absl::string_view bytes);
  // 64 lower-case hexadecimal digits. Called once, at the end.
  std::string FinishHex();

 private:
  evp_md_ctx_st* context_;
};

// 64 lower-case hexadecimal digits.
std::string Sha256Hex(absl::string_view bytes);

// The digest and size of a file's bytes, without holding them in memory. NotFound if it cannot be read,
// Internal if reading fails half-way.
absl::StatusOr<v1::Blob> DigestFile(const std::string& path);

// Whether this is 64 lower-case hexadecimal digits.
bool IsSha256Hex(absl::string_view text);

}  // namespace bonsai

#endif  // BONSAI_STORAGE_DIGEST_H_
