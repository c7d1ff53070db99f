// Which blobs are named, by what, and for whom: a count of references for each blob, kept as artifacts come
// and go, and the bytes that each tenant's artifacts hold. The collector of garbage keeps what is in here;
// quotas and usage are read from here.
//
// Used by mark.h, which fills it, and by the coordinator. Values; one thread at a time. About 150 bytes a
// blob and 50 a reference.
#ifndef BONSAI_STORAGE_REFERENCE_LEDGER_H_
#define BONSAI_STORAGE_REFERENCE_LEDGER_H_

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/artifact.pb.h"

namespace bonsai {

struct TenantBytes {
  uint64_t artifact_bytes = 0;  // of all files of its artifacts
  uint64_t unique_bytes = 0;    // of blobs that no other tenant's artifacts name, each once

  bool operator==(const TenantBytes&) const = default;
};

class ReferenceLedger {
 public:
  // Enters what the manifest names: its own blob, and its files'. `tenant` is whom the files count for;
  // empty: nobody (a checkpoint). An id that is there already only changes its tenant.
  void Add(const v1::Blob& manifest_blob, const v1::Manifest& manifest, const std::string& tenant);
  void SetTenant(const std::string& id, const std::string& tenant);
  void Remove(const std::string& id);

  bool Has(const std::string& id) const { return entries_.count(id) > 0; }
  std::vector<std::string> Ids() const;
  // The artifacts that the entry says it was made from, each once.
  const std::vector<std::string>& InputsOf(const std::string& id) const { return entries_.at(id).inputs; }

  // Whether anything names the blob.
  bool Names(absl::string_view sha256) const;
  // The entries that name the blob, in order.
  std::vector<std::string> NamesOf(absl::string_view sha256) const;
  uint64_t blobs() const { return blobs_.size(); }
  uint64_t bytes() const { return bytes_; }
  // By name of blob.
  void ForEachBlob(const std::function<void(const v1::Blob&)>& visit) const;
  std::map<std::string, TenantBytes> Tenants() const;

  // How often each blob is named.
  std::map<std::string, uint64_t> References() const;

 private:
  using Digest = std::array<char, 32>;
  struct Share {
    uint32_t tenant;  // index into tenants_
    uint32_t references;
  };
  struct BlobEntry {
    uint64_t size_bytes = 0;
    uint32_t references = 0;
    std::vector<Share> shares;  // of tenants whose artifacts name it
  };
  struct Entry {
    Digest manifest;
    uint32_t tenant;
    std::vector<Digest> files;
    std::vector<std::string> inputs;
  };
  struct TenantEntry {
    std::string name;
    TenantBytes bytes;
  };
  static constexpr uint32_t kNobody = 0;

  static Digest DigestOf(absl::string_view sha256);
  uint32_t TenantIndex(const std::string& tenant);
  void Count(const Digest& digest, uint64_t size_bytes);
  void Discount(const Digest& digest);
  // Adds (or takes away) the entry's files to what its tenant holds.
  void Charge(const Entry& entry);
  void Release(const Entry& entry);

  absl::btree_map<std::string, Entry> entries_;
  absl::btree_map<Digest, BlobEntry> blobs_;
  std::vector<TenantEntry> tenants_ = {TenantEntry()};
  uint64_t bytes_ = 0;
};

}  // namespace bonsai

#endif  // BONSAI_STORAGE_REFERENCE_LEDGER_H_
