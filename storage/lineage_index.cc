#include "storage/lineage_index.h"

#include <deque>
#include <utility>

#include "storage/digest.h"

namespace bonsai {
namespace {

void Forget(const std::string& key, const std::string& id,
            absl::btree_map<std::string, std::set<std::string>>& index) {
  auto found = index.find(key);
  if (found == index.end()) return;
  found->second.erase(id);
  if (found->second.empty()) index.erase(found);
}

}  // namespace

void LineageIndex::Add(const std::string& id, const v1::Lineage& lineage) {
  Remove(id);
  Entry entry;
  for (const v1::LineageInput& input : lineage.inputs()) {
    entry.inputs.push_back(input.artifact_id());
    children_[input.artifact_id()].insert(id);
  }
  for (const v1::DatasetSource& source : lineage.sources()) {
    if (!IsSha256Hex(source.sha256())) continue;
    entry.sources.push_back(source.sha256());
    readers_[source.sha256()].insert(id);
  }
  entries_[id] = std::move(entry);
}

void LineageIndex::Remove(const std::string& id) {
  auto found = entries_.find(id);
  if (found == entries_.end()) return;
  for (const std::string& input : found->second.inputs) Forget(input, id, children_);
  for (const std::string& source : found->second.sources) Forget(source, id, readers_);
  entries_.erase(found);
}

std::vector<std::string> LineageIndex::DescendantsOf(const std::string& id) const {
  std::vector<std::string> found;
  std::set<std::string> seen = {id};
  std::deque<std::string> waiting = {id};
  const auto visit = [&](const std::set<std::string>& ids) {
    for (const std::string& next : ids) {
      if (!seen.insert(next).second) continue;
      found.push_back(next);
      waiting.push_back(next);
    }
  };
  if (auto readers = readers_.find(id); readers != readers_.end()) visit(readers->second);
  while (!waiting.empty()) {
    const std::string next = std::move(waiting.front());
    waiting.pop_front();
    if (auto children = children_.find(next); children != children_.end()) visit(children->second);
  }
  return found;
}

}  // namespace bonsai
