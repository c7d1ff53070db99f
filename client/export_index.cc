#include "client/export_index.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace bonsai {
namespace {

constexpr char kFirstLine[] = "bonsai-export 1";

bool IsDigest(absl::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isdigit(static_cast<unsigned char>(c)) || (c >= 'a' && c <= 'f');
         });
}

// A number as we write it: digits only, no zero before others.
bool ParseNumber(absl::string_view text, uint64_t* number) {
  return absl::SimpleAtoi(text, number) && absl::StrCat(*number) == text;
}

// Takes one line into the index; false if it is none.
bool TakeLine(const std::vector<absl::string_view>& words, ExportIndex& index, std::set<std::string>& seen) {
  uint64_t bytes = 0;
  if (words.size() < 3 || !IsDigest(words[1]) || !ParseNumber(words[2], &bytes)) return false;
  if (!seen.insert(absl::StrCat(words[0], words[1])).second) return false;
  if (words[0] == "artifact" && words.size() == 4 && (words[3] == "root" || words[3] == "lineage")) {
    if (!index.blobs.empty() || bytes > kManifestBytesMax) return false;
    index.artifacts.push_back({std::string(words[1]), bytes, words[3] == "root"});
    return true;
  }
  if (words[0] != "blob" || words.size() != 3) return false;
  index.blobs.push_back({std::string(words[1]), bytes});
  return true;
}

}  // namespace

std::string FormatExportIndex(const ExportIndex& index) {
  std::string text = absl::StrCat(kFirstLine, "\n");
  for (const ExportIndex::Artifact& artifact : index.artifacts) {
    absl::StrAppend(&text, "artifact ", artifact.id, " ", artifact.manifest_bytes,
                    artifact.root ? " root\n" : " lineage\n");
  }
  for (const ExportIndex::Blob& blob : index.blobs) {
    absl::StrAppend(&text, "blob ", blob.sha256, " ", blob.size_bytes, "\n");
  }
  absl::StrAppend(&text, "end ", index.artifacts.size(), " ", index.blobs.size(), "\n");
  return text;
}

absl::StatusOr<ExportIndex> ParseExportIndex(absl::string_view text) {
  ExportIndex index;
  std::set<std::string> seen;
  size_t number = 0;
  bool ended = false;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const absl::string_view line = text.substr(0, end);
    text.remove_prefix(end == absl::string_view::npos ? text.size() : end + 1);
    ++number;
    bool right = end != absl::string_view::npos && !ended;
    if (right && number == 1) {
      right = line == kFirstLine;
    } else if (right && line == absl::StrCat("end ", index.artifacts.size(), " ", index.blobs.size())) {
      ended = true;
    } else if (right) {
      right = TakeLine(absl::StrSplit(line, ' '), index, seen);
    }
    if (!right) {
      return absl::DataLossError(absl::StrCat("the archive's index, line ", number, ": \"",
                                              absl::CHexEscape(line.substr(0, 100)),
                                              "\" is not as it should be"));
    }
  }
  uint64_t manifests = 0;
  for (const ExportIndex::Artifact& artifact : index.artifacts) manifests += artifact.manifest_bytes;
  if (!ended || manifests > kManifestsBytesMax) {
    return absl::DataLossError(ended ? "the archive's manifests are too large"
                                     : "the archive's index has no end");
  }
  return index;
}

}  // namespace bonsai
