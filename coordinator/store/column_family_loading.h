// Reads a whole column family of records into memory: one thread iterates, others parse, since parsing is
// most of the work of a recovery.
//
// Used by rocksdb_record_store.cc and format_upgrade.cc.
#ifndef BONSAI_COORDINATOR_STORE_COLUMN_FAMILY_LOADING_H_
#define BONSAI_COORDINATOR_STORE_COLUMN_FAMILY_LOADING_H_

#include <rocksdb/db.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/job.pb.h"
#include "coordinator/store/keys.h"
#include "coordinator/store/rocksdb_errors.h"

namespace bonsai {

// Keys and values of neighbouring rows.
struct RawRows {
  static constexpr size_t kBytesMax = 256 << 10;

  std::string bytes;
  std::vector<std::pair<size_t, size_t>> sizes;  // of each key and value

  void Add(const rocksdb::Slice& key, const rocksdb::Slice& value) {
    bytes.append(key.data(), key.size());
    bytes.append(value.data(), value.size());
    sizes.emplace_back(key.size(), value.size());
  }
};

template <typename Record>
const std::string& KeyOf(const Record& record) {
  return record.id();
}
inline const std::string& KeyOf(const v1::ScheduleRecord& record) { return record.name(); }
inline std::string KeyOf(const v1::HistoryEntry& entry) {
  return store_keys::HistoryKey(entry.job_id(), entry.number());
}

// DataLoss names the key whose value is not a Record of that key.
template <typename Record>
absl::StatusOr<std::vector<Record>> ParseRows(const RawRows& rows, const std::string& family,
                                              const std::string& folder) {
  std::vector<Record> records;
  records.reserve(rows.sizes.size());
  const char* at = rows.bytes.data();
  for (const auto& [key_size, value_size] : rows.sizes) {
    const absl::string_view key(at, key_size);
    Record& record = records.emplace_back();
    if (!record.ParseFromArray(at + key_size, static_cast<int>(value_size))) {
      return Damaged(folder, absl::StrCat("the value of ", family, " key \"", key, "\" does not parse as ",
                                          Record::descriptor()->full_name()));
    }
    if (KeyOf(record) != key) {
      return Damaged(folder, absl::StrCat("the value of ", family, " key \"", key, "\" is the record of \"",
                                          KeyOf(record), "\""));
    }
    at += key_size + value_size;
  }
  return records;
}

// Calls `take` with the records of the column family, in the order of their keys, many at a time.
template <typename Record>
absl::Status LoadColumnFamily(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, const std::string& folder,
                              const std::function<absl::Status(std::vector<Record>)>& take) {
  using Parsed = absl::StatusOr<std::vector<Record>>;
  const size_t parsers_max = std::max(1u, std::thread::hardware_concurrency());
  const std::string name = family->GetName();
  std::deque<std::future<Parsed>> parsing;
  const auto take_first = [&]() -> absl::Status {
    Parsed records = parsing.front().get();
    parsing.pop_front();
    return records.ok() ? take(*std::move(records)) : records.status();
  };
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  options.readahead_size = 1 << 20;
  std::unique_ptr<rocksdb::Iterator> it(db.NewIterator(options, family));
  it->SeekToFirst();
  while (it->Valid()) {
    RawRows rows;
    for (; it->Valid() && rows.bytes.size() < RawRows::kBytesMax; it->Next())
      rows.Add(it->key(), it->value());
    parsing.push_back(std::async(std::launch::async, [rows = std::move(rows), &name, &folder] {
      return ParseRows<Record>(rows, name, folder);
    }));
    if (parsing.size() <= parsers_max) continue;
    if (absl::Status taken = take_first(); !taken.ok()) return taken;
  }
  while (!parsing.empty()) {
    if (absl::Status taken = take_first(); !taken.ok()) return taken;
  }
  return FromRocksdb(it->status(), folder);
}

// The same, into a map by key.
template <typename Record>
absl::Status LoadColumnFamily(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, const std::string& folder,
                              std::map<std::string, Record>& records) {
  return LoadColumnFamily<Record>(db, family, folder, [&records](std::vector<Record> loaded) {
    for (Record& record : loaded) {
      std::string key = KeyOf(record);
      records.emplace_hint(records.end(), std::move(key), std::move(record));
    }
    return absl::OkStatus();
  });
}

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_STORE_COLUMN_FAMILY_LOADING_H_
