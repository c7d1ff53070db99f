#include "storage/reference_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "storage/digest.h"

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

v1::Blob BlobOf(const std::string& bytes) {
  v1::Blob blob;
  blob.set_sha256(Sha256Hex(bytes));
  blob.set_size_bytes(bytes.size());
  return blob;
}

v1::Manifest Naming(const std::vector<std::string>& contents) {
  v1::Manifest manifest;
  for (const std::string& bytes : contents) *manifest.add_files()->mutable_blob() = BlobOf(bytes);
  return manifest;
}

TEST(ReferenceLedgerTest, ABlobIsNamedAsLongAsSomethingNamesIt) {
  ReferenceLedger ledger;
  ledger.Add(BlobOf("first manifest"), Naming({"shared", "mine"}), "a");
  ledger.Add(BlobOf("second manifest"), Naming({"shared"}), "");
  EXPECT_TRUE(ledger.Names(Sha256Hex("shared")));
  EXPECT_EQ(ledger.blobs(), 4u);
  EXPECT_EQ(ledger.bytes(), std::string("first manifestsecond manifestsharedmine").size());
  ledger.Remove(Sha256Hex("first manifest"));
  EXPECT_TRUE(ledger.Names(Sha256Hex("shared")));
  EXPECT_FALSE(ledger.Names(Sha256Hex("mine")));
  ledger.Remove(Sha256Hex("second manifest"));
  EXPECT_FALSE(ledger.Names(Sha256Hex("shared")));
  EXPECT_EQ(ledger.bytes(), 0u);
}

TEST(ReferenceLedgerTest, BytesThatTwoTenantsNameAreUniqueToNone) {
  ReferenceLedger ledger;
  ledger.Add(BlobOf("m1"), Naming({"12345", "own"}), "a");
  ledger.Add(BlobOf("m2"), Naming({"12345"}), "a");
  EXPECT_EQ(ledger.Tenants()["a"], (TenantBytes{13, 8}));
  ledger.Add(BlobOf("m3"), Naming({"12345"}), "b");
  EXPECT_EQ(ledger.Tenants()["a"], (TenantBytes{13, 3}));
  EXPECT_EQ(ledger.Tenants()["b"], (TenantBytes{5, 0}));
  ledger.Remove(Sha256Hex("m3"));
  EXPECT_EQ(ledger.Tenants()["a"], (TenantBytes{13, 8}));
  EXPECT_EQ(ledger.Tenants()["b"], (TenantBytes{0, 0}));
}

TEST(ReferenceLedgerTest, SaysWhatNamesABlob) {
  ReferenceLedger ledger;
  ledger.Add(BlobOf("m1"), Naming({"x"}), "a");
  ledger.Add(BlobOf("m2"), Naming({"x", "y"}), "a");
  std::vector<std::string> both = {Sha256Hex("m1"), Sha256Hex("m2")};
  std::sort(both.begin(), both.end());
  EXPECT_EQ(ledger.NamesOf(Sha256Hex("x")), both);
  EXPECT_THAT(ledger.NamesOf(Sha256Hex("m2")), ElementsAre(Sha256Hex("m2")));
  EXPECT_THAT(ledger.NamesOf(Sha256Hex("z")), IsEmpty());
}

// The counts that were kept as things came, changed hands and went are those of a ledger that only knows the
// end.
TEST(ReferenceLedgerTest, AnyOrderOfChangesGivesWhatAFullCountGives) {
  std::mt19937 random(20261121);
  const std::vector<std::string> tenants = {"", "a", "b", "c"};
  ReferenceLedger kept;
  std::map<std::string, std::pair<v1::Manifest, std::string>> there;  // by the manifest's bytes
  for (int step = 0; step < 3000; ++step) {
    const std::string name = "manifest " + std::to_string(random() % 40);
    const std::string tenant = tenants[random() % tenants.size()];
    auto found = there.find(name);
    if (found != there.end() && random() % 3 == 0) {
      kept.Remove(Sha256Hex(name));
      there.erase(found);
    } else if (found != there.end()) {
      kept.SetTenant(Sha256Hex(name), tenant);
      found->second.second = tenant;
    } else {
      std::vector<std::string> contents;
      for (size_t files = random() % 6; files > 0; --files)
        contents.push_back(std::string(random() % 30, 'x'));
      there[name] = {Naming(contents), tenant};
      kept.Add(BlobOf(name), there[name].first, tenant);
    }
    if (step % 100 != 99) continue;
    ReferenceLedger full;
    for (const std::string& one : tenants) {
      if (!one.empty() && kept.Tenants().count(one) > 0) {
        full.Add(BlobOf("none"), {}, one);  // so that tenants that hold nothing are there too
        full.Remove(Sha256Hex("none"));
      }
    }
    for (const auto& [bytes, entry] : there) full.Add(BlobOf(bytes), entry.first, entry.second);
    ASSERT_EQ(kept.References(), full.References()) << step;
    ASSERT_EQ(kept.Tenants(), full.Tenants()) << step;
    ASSERT_EQ(kept.bytes(), full.bytes()) << step;
  }
}

}  // namespace
}  // namespace bonsai
