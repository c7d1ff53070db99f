#include "client/artifact_view.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/figures.h"
#include "client/text_layout.h"
#include "client/text_table.h"

namespace bonsai {
namespace {

constexpr size_t kShortIdDigits = 12;
// Deeper than any pipeline; a manifest that a peer made up could go on.
constexpr size_t kDepthMax = 64;

std::string ShortId(const std::string& id) { return id.substr(0, kShortIdDigits); }

// Draws the tree below an artifact, depth first in the order of the inputs.
class LineageTree {
 public:
  LineageTree(const v1::GetArtifactResponse& response, size_t width) : width_(width) {
    for (const v1::LineageNode& node : response.lineage()) manifests_[node.id()] = &node.manifest();
  }

  std::string Render(const v1::Manifest& root) {
    Below(root.lineage(), "", 0);
    return std::move(text_);
  }

 private:
  void Below(const v1::Lineage& lineage, const std::string& indent, size_t depth) {
    const int count = lineage.sources_size() + lineage.inputs_size();
    int at = 0;
    for (const v1::DatasetSource& source : lineage.sources()) Source(source, indent, ++at == count);
    for (const v1::LineageInput& input : lineage.inputs()) Input(input, indent, ++at == count, depth);
  }

  // The first line behind a branch, further ones below it.
  void Node(const std::string& indent, bool last, const std::string& line) {
    const size_t used = indent.size() + 3;
    std::vector<std::string> lines;
    for (absl::string_view part : absl::StrSplit(line, '\n')) {
      for (std::string& wrapped : WrapText(Printable(part), width_ > used + 20 ? width_ - used : 20)) {
        lines.push_back(std::move(wrapped));
      }
    }
    for (size_t i = 0; i < lines.size(); ++i) {
      absl::StrAppend(&text_, indent, i == 0 ? (last ? "`- " : "|- ") : (last ? "   " : "|  "), lines[i],
                      "\n");
    }
  }

  void Source(const v1::DatasetSource& source, const std::string& indent, bool last) {
    Node(indent, last,
         absl::StrCat("file ", source.file(), " of ", source.dataset(), source.split().empty() ? "" : "/",
                      source.split(), ", ", FormatCount(source.documents()), " documents, ",
                      FormatBytes(source.size_bytes()), "\nlicence ",
                      source.licence().empty() ? "not stated" : source.licence(), ", from ",
                      source.home().empty() ? "an unnamed home" : source.home(), "\nsha256 ",
                      source.sha256()));
  }

  void Input(const v1::LineageInput& input, const std::string& indent, bool last, size_t depth) {
    const auto found = manifests_.find(input.artifact_id());
    const std::string id = ShortId(input.artifact_id());
    if (found == manifests_.end()) {
      // Without --lineage nothing was asked for.
      return Node(indent, last,
                  absl::StrCat(input.field(), ": ", id, manifests_.empty() ? "" : " (no manifest came)"));
    }
    const v1::Manifest& manifest = *found->second;
    const bool again = !drawn_.insert(input.artifact_id()).second;
    Node(indent, last,
         absl::StrCat(manifest.kind(), " ", id, "  ", manifest.lineage().job_id(), "  (", input.field(), ")",
                      again ? "  as above" : ""));
    if (again || depth >= kDepthMax) return;
    Below(manifest.lineage(), absl::StrCat(indent, last ? "   " : "|  "), depth + 1);
  }

  const size_t width_;
  std::map<std::string, const v1::Manifest*> manifests_;
  std::set<std::string> drawn_;
  std::string text_;
};

std::string Field(const std::string& name, const std::string& value) {
  return absl::StrCat(PadToWidth(name, 10), Printable(value), "\n");
}

}  // namespace

std::string RenderArtifactTable(const v1::ListArtifactsResponse& response, absl::Time now, size_t width) {
  if (response.artifacts().empty()) return "no artifacts yet\n";
  std::vector<std::vector<std::string>> rows;
  for (const v1::ArtifactRecord& record : response.artifacts()) {
    const absl::Duration age = now - absl::FromUnixMillis(record.created_unix_ms());
    rows.push_back({ShortId(record.id()), record.kind(), record.job_id(), FormatBytes(record.size_bytes()),
                    absl::StrCat(FormatSeconds(absl::ToDoubleSeconds(age)), " ago")});
  }
  return RenderTable({{"ARTIFACT"}, {"KIND"}, {"JOB"}, {"SIZE", true}, {"MADE"}}, rows, 0, width);
}

std::string RenderArtifact(const v1::GetArtifactResponse& response, size_t width) {
  const v1::Manifest& manifest = response.manifest();
  std::string text = absl::StrCat(
      Field("artifact", response.record().id()), Field("kind", manifest.kind()),
      Field("job", absl::StrCat(manifest.lineage().job_id(), " attempt ", manifest.lineage().attempt())),
      Field("code", manifest.lineage().code_version()),
      Field("size", FormatBytes(response.record().size_bytes())));
  if (!manifest.properties().empty()) {
    absl::StrAppend(&text, "\nproperties\n");
    std::vector<std::vector<std::string>> rows;
    for (const v1::Property& property : manifest.properties())
      rows.push_back({property.name(), property.value()});
    absl::StrAppend(&text, RenderTable({{"NAME"}, {"VALUE"}}, rows, 2, width));
  }
  if (!manifest.files().empty()) {
    absl::StrAppend(&text, "\nfiles\n");
    std::vector<std::vector<std::string>> rows;
    for (const v1::ArtifactFile& file : manifest.files()) {
      rows.push_back({ShortId(file.blob().sha256()), FormatBytes(file.blob().size_bytes()), file.path()});
    }
    absl::StrAppend(&text, RenderTable({{"SHA256"}, {"SIZE", true}, {"PATH"}}, rows, 2, width));
  }
  const std::string tree = LineageTree(response, width).Render(manifest);
  if (!tree.empty()) absl::StrAppend(&text, "\ncame from\n", tree);
  return text;
}

std::string RenderDescendants(const v1::GetArtifactResponse& response, absl::Time now, size_t width) {
  if (response.descendants().empty()) return "\nnothing was made from it\n";
  v1::ListArtifactsResponse list;
  *list.mutable_artifacts() = response.descendants();
  return absl::StrCat("\nmade from it\n", RenderArtifactTable(list, now, width));
}

}  // namespace bonsai
