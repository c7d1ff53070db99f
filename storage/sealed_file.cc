#include "storage/sealed_file.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

constexpr absl::string_view kHeader = "bonsai-sealed-1\n";
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kOverhead = kHeader.size() + kNonceBytes + kTagBytes;
constexpr size_t kKeyFileBytesMax = 1024;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// Encrypts or decrypts, after the header has been taken in.
Context Begin(bool encrypt, absl::string_view key, absl::string_view nonce) {
  Context context(EVP_CIPHER_CTX_new());
  int size = 0;
  if (context == nullptr || key.size() != kSealKeyBytes || nonce.size() != kNonceBytes ||
      EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, Bytes(key), Bytes(nonce), encrypt) != 1 ||
      EVP_CipherUpdate(context.get(), nullptr, &size, Bytes(kHeader), static_cast<int>(kHeader.size())) !=
          1) {
    return nullptr;
  }
  return context;
}

absl::Status NoCipher() { return absl::InternalError("OpenSSL gives no AES-256-GCM or no random bytes"); }

}  // namespace

absl::StatusOr<std::string> NewKeyText() {
  std::string key(kSealKeyBytes, '\0');
  if (RAND_bytes(Bytes(key), static_cast<int>(key.size())) != 1) return NoCipher();
  return absl::StrCat(absl::BytesToHexString(key), "\n");
}

absl::StatusOr<std::string> ReadKeyFile(const std::string& path) {
  struct stat found = {};
  if (stat(path.c_str(), &found) != 0) return ErrnoStatus(errno, "read", path);
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat(path, ": a key that others than its owner may open is no secret; run chmod 600 on it"));
  }
  const absl::StatusOr<std::string> text = ReadFileBytes(path, kKeyFileBytesMax);
  if (!text.ok()) return text.status();
  const absl::string_view digits = absl::StripAsciiWhitespace(*text);
  if (digits.size() != 2 * kSealKeyBytes ||
      !std::all_of(digits.begin(), digits.end(), absl::ascii_isxdigit)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": no key; a key file holds ", 2 * kSealKeyBytes,
                                                   " hexadecimal digits (bonsai holdout keygen makes one)"));
  }
  return absl::HexStringToBytes(digits);
}

absl::StatusOr<std::string> Seal(absl::string_view plain, absl::string_view key) {
  if (plain.size() > kSealedBytesMax - kOverhead) {
    return absl::InvalidArgumentError(
        absl::StrCat(plain.size(), " bytes to seal; at most ", kSealedBytesMax - kOverhead));
  }
  std::string nonce(kNonceBytes, '\0');
  if (RAND_bytes(Bytes(nonce), static_cast<int>(nonce.size())) != 1) return NoCipher();
  const Context context = Begin(true, key, nonce);
  std::string cipher(plain.size(), '\0'), tag(kTagBytes, '\0');
  int size = 0, rest = 0;
  if (context == nullptr ||
      EVP_EncryptUpdate(context.get(), Bytes(cipher), &size, Bytes(plain), static_cast<int>(plain.size())) !=
          1 ||
      EVP_EncryptFinal_ex(context.get(), Bytes(cipher) + size, &rest) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag.data()) != 1) {
    return NoCipher();
  }
  return absl::StrCat(kHeader, nonce, cipher, tag);
}

absl::Status CheckSealed(absl::string_view sealed) {
  if (!absl::StartsWith(sealed, kHeader)) {
    return absl::InvalidArgumentError(
        "not a sealed file of version 1: it must begin with the line \"bonsai-sealed-1\" (bonsai holdout "
        "seal "
        "makes one)");
  }
  if (sealed.size() < kOverhead || sealed.size() > kSealedBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("a sealed file of ", sealed.size(), " bytes; it has ",
                                                   kOverhead, " to ", kSealedBytesMax));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Unseal(absl::string_view sealed, absl::string_view key) {
  if (absl::Status status = CheckSealed(sealed); !status.ok()) return status;
  const absl::string_view nonce = sealed.substr(kHeader.size(), kNonceBytes);
  absl::string_view cipher = sealed.substr(kHeader.size() + kNonceBytes);
  std::string tag(cipher.substr(cipher.size() - kTagBytes));
  cipher.remove_suffix(kTagBytes);
  const Context context = Begin(false, key, nonce);
  std::string plain(cipher.size(), '\0');
  int size = 0, rest = 0;
  if (context == nullptr ||
      EVP_DecryptUpdate(context.get(), Bytes(plain), &size, Bytes(cipher), static_cast<int>(cipher.size())) !=
          1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) != 1) {
    return NoCipher();
  }
  if (EVP_DecryptFinal_ex(context.get(), Bytes(plain) + size, &rest) != 1) {
    return absl::PermissionDeniedError("the key does not open the sealed file, or the file was changed");
  }
  return plain;
}

}  // namespace bonsai
