#include "storage/reference_ledger.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "absl/strings/escaping.h"
#include "storage/digest.h"

namespace bonsai {

ReferenceLedger::Digest ReferenceLedger::DigestOf(absl::string_view sha256) {
  Digest digest = {};
  const std::string bytes = absl::HexStringToBytes(sha256);
  std::memcpy(digest.data(), bytes.data(), std::min(bytes.size(), digest.size()));
  return digest;
}

uint32_t ReferenceLedger::TenantIndex(const std::string& tenant) {
  if (tenant.empty()) return kNobody;
  for (uint32_t i = 1; i < tenants_.size(); ++i) {
    if (tenants_[i].name == tenant) return i;
  }
  tenants_.push_back({tenant, {}});
  return static_cast<uint32_t>(tenants_.size() - 1);
}

void ReferenceLedger::Count(const Digest& digest, uint64_t size_bytes) {
  BlobEntry& blob = blobs_[digest];
  if (blob.references++ > 0) return;
  blob.size_bytes = size_bytes;
  bytes_ += size_bytes;
}

void ReferenceLedger::Discount(const Digest& digest) {
  auto found = blobs_.find(digest);
  if (--found->second.references > 0) return;
  bytes_ -= found->second.size_bytes;
  blobs_.erase(found);
}

void ReferenceLedger::Charge(const Entry& entry) {
  if (entry.tenant == kNobody) return;
  for (const Digest& file : entry.files) {
    BlobEntry& blob = blobs_.at(file);
    tenants_[entry.tenant].bytes.artifact_bytes += blob.size_bytes;
    auto share = std::find_if(blob.shares.begin(), blob.shares.end(),
                              [&](const Share& one) { return one.tenant == entry.tenant; });
    if (share != blob.shares.end()) {
      ++share->references;
      continue;
    }
    if (blob.shares.size() == 1) tenants_[blob.shares[0].tenant].bytes.unique_bytes -= blob.size_bytes;
    blob.shares.push_back({entry.tenant, 1});
    if (blob.shares.size() == 1) tenants_[entry.tenant].bytes.unique_bytes += blob.size_bytes;
  }
}

void ReferenceLedger::Release(const Entry& entry) {
  if (entry.tenant == kNobody) return;
  for (const Digest& file : entry.files) {
    BlobEntry& blob = blobs_.at(file);
    tenants_[entry.tenant].bytes.artifact_bytes -= blob.size_bytes;
    auto share = std::find_if(blob.shares.begin(), blob.shares.end(),
                              [&](const Share& one) { return one.tenant == entry.tenant; });
    if (--share->references > 0) continue;
    if (blob.shares.size() == 1) tenants_[entry.tenant].bytes.unique_bytes -= blob.size_bytes;
    blob.shares.erase(share);
    if (blob.shares.size() == 1) tenants_[blob.shares[0].tenant].bytes.unique_bytes += blob.size_bytes;
  }
}

void ReferenceLedger::Add(const v1::Blob& manifest_blob, const v1::Manifest& manifest,
                          const std::string& tenant) {
  const std::string& id = manifest_blob.sha256();
  auto [found, fresh] = entries_.try_emplace(id);
  if (!fresh) return SetTenant(id, tenant);
  Entry& entry = found->second;
  entry.manifest = DigestOf(id);
  entry.tenant = TenantIndex(tenant);
  Count(entry.manifest, manifest_blob.size_bytes());
  for (const v1::ArtifactFile& file : manifest.files()) {
    entry.files.push_back(DigestOf(file.blob().sha256()));
    Count(entry.files.back(), file.blob().size_bytes());
  }
  std::set<std::string> inputs;
  for (const v1::LineageInput& input : manifest.lineage().inputs()) {
    if (inputs.insert(input.artifact_id()).second) entry.inputs.push_back(input.artifact_id());
  }
  Charge(entry);
}

void ReferenceLedger::SetTenant(const std::string& id, const std::string& tenant) {
  auto found = entries_.find(id);
  if (found == entries_.end() || tenants_[found->second.tenant].name == tenant) return;
  Release(found->second);
  found->second.tenant = TenantIndex(tenant);
  Charge(found->second);
}

void ReferenceLedger::Remove(const std::string& id) {
  auto found = entries_.find(id);
  if (found == entries_.end()) return;
  Release(found->second);
  Discount(found->second.manifest);
  for (const Digest& file : found->second.files) Discount(file);
  entries_.erase(found);
}

std::vector<std::string> ReferenceLedger::Ids() const {
  std::vector<std::string> ids;
  for (const auto& [id, entry] : entries_) ids.push_back(id);
  return ids;
}

bool ReferenceLedger::Names(absl::string_view sha256) const { return blobs_.count(DigestOf(sha256)) > 0; }

std::vector<std::string> ReferenceLedger::NamesOf(absl::string_view sha256) const {
  const Digest digest = DigestOf(sha256);
  std::vector<std::string> ids;
  for (const auto& [id, entry] : entries_) {
    if (entry.manifest == digest ||
        std::find(entry.files.begin(), entry.files.end(), digest) != entry.files.end()) {
      ids.push_back(id);
    }
  }
  return ids;
}

void ReferenceLedger::ForEachBlob(const std::function<void(const v1::Blob&)>& visit) const {
  v1::Blob named;
  for (const auto& [digest, blob] : blobs_) {
    named.set_sha256(absl::BytesToHexString(absl::string_view(digest.data(), digest.size())));
    named.set_size_bytes(blob.size_bytes);
    visit(named);
  }
}

std::map<std::string, TenantBytes> ReferenceLedger::Tenants() const {
  std::map<std::string, TenantBytes> tenants;
  for (const TenantEntry& tenant : tenants_) {
    if (!tenant.name.empty()) tenants[tenant.name] = tenant.bytes;
  }
  return tenants;
}

std::map<std::string, uint64_t> ReferenceLedger::References() const {
  std::map<std::string, uint64_t> references;
  for (const auto& [digest, blob] : blobs_) {
    references[absl::BytesToHexString(absl::string_view(digest.data(), digest.size()))] = blob.references;
  }
  return references;
}

}  // namespace bonsai
