#include "coordinator/web/lineage_view.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/web/figures.h"
#include "coordinator/web/markup.h"

namespace bonsai {
namespace {

// Deeper than any pipeline; a manifest that a peer made up could go on.
constexpr size_t kDepthMax = 64;
// Files of one artifact that are listed; the table and `bonsai artifacts show` have all.
constexpr int kFilesMax = 50;

class LineageTree {
 public:
  explicit LineageTree(const v1::GetArtifactResponse& artifact) {
    for (const v1::LineageNode& node : artifact.lineage()) manifests_[node.id()] = &node.manifest();
  }

  std::string Render(const v1::Manifest& root) {
    Below(root, 0);
    return html_.empty() ? "" : absl::StrCat("<div class=\"lineage\">\n", html_, "</div>\n");
  }

 private:
  void Below(const v1::Manifest& manifest, size_t depth) {
    const v1::Lineage& lineage = manifest.lineage();
    if (lineage.inputs().empty() && lineage.sources().empty()) return;
    absl::StrAppend(&html_, "<ul>\n");
    for (const v1::DatasetSource& source : lineage.sources()) Source(source);
    for (const v1::LineageInput& input : lineage.inputs()) Input(input, depth);
    absl::StrAppend(&html_, "</ul>\n");
  }

  void Source(const v1::DatasetSource& source) {
    absl::StrAppend(&html_, "<li class=\"source\"><b>", EscapeHtml(source.file()), "</b> of ",
                    EscapeHtml(source.dataset()));
    if (!source.split().empty()) absl::StrAppend(&html_, "/", EscapeHtml(source.split()));
    absl::StrAppend(&html_, " <small>", source.documents(), " documents \u00b7 ",
                    FormatBytes(source.size_bytes()), " \u00b7 licence ",
                    source.licence().empty() ? "not stated" : EscapeHtml(source.licence()));
    if (!source.home().empty()) absl::StrAppend(&html_, " \u00b7 from ", EscapeHtml(source.home()));
    if (!source.published().empty()) absl::StrAppend(&html_, " \u00b7 ", EscapeHtml(source.published()));
    absl::StrAppend(&html_, "</small><code class=\"hash\">", EscapeHtml(source.sha256()), "</code></li>\n");
  }

  void Input(const v1::LineageInput& input, size_t depth) {
    const std::string id = EscapeHtml(input.artifact_id());
    const auto found = manifests_.find(input.artifact_id());
    const std::string label = absl::StrCat("<code>", EscapeHtml(ShortId(input.artifact_id())), "</code>");
    const std::string field = absl::StrCat(" <small>", EscapeHtml(input.field()), "</small>");
    if (found == manifests_.end()) {
      absl::StrAppend(&html_, "<li>", label, field, "</li>\n");
      return;
    }
    const v1::Manifest& manifest = *found->second;
    const std::string name = absl::StrCat("<b>", EscapeHtml(manifest.kind()), "</b> ",
                                          EscapeHtml(manifest.lineage().job_id()), " ");
    if (depth >= kDepthMax || !drawn_.insert(input.artifact_id()).second) {
      absl::StrAppend(&html_, "<li>", name, "<a href=\"#a-", id, "\">", label, "</a>", field,
                      " <small>as above</small></li>\n");
      return;
    }
    absl::StrAppend(&html_, "<li id=\"a-", id, "\"><details open><summary>", name, label, field,
                    "</summary>\n");
    Files(manifest);
    Below(manifest, depth + 1);
    absl::StrAppend(&html_, "</details></li>\n");
  }

  void Files(const v1::Manifest& manifest) {
    if (manifest.files().empty()) return;
    absl::StrAppend(&html_, "<details class=\"files\"><summary>", manifest.files_size(),
                    manifest.files_size() == 1 ? " file" : " files", "</summary><ul>");
    for (int i = 0; i < std::min(manifest.files_size(), kFilesMax); ++i) {
      const v1::ArtifactFile& file = manifest.files(i);
      absl::StrAppend(&html_, "<li>", EscapeHtml(file.path()), " <small>",
                      FormatBytes(file.blob().size_bytes()), "</small><code class=\"hash\">",
                      EscapeHtml(file.blob().sha256()), "</code></li>");
    }
    if (manifest.files_size() > kFilesMax) {
      absl::StrAppend(&html_, "<li>and ", manifest.files_size() - kFilesMax, " more</li>");
    }
    absl::StrAppend(&html_, "</ul></details>\n");
  }

  std::map<std::string, const v1::Manifest*> manifests_;
  std::set<std::string> drawn_;
  std::string html_;
};

Row ArtifactRow(const std::string& id, const v1::Manifest& manifest) {
  std::vector<std::string> inputs;
  for (const v1::LineageInput& input : manifest.lineage().inputs()) {
    inputs.push_back(absl::StrCat(input.field(), "=", input.artifact_id()));
  }
  uint64_t bytes = 0;
  for (const v1::ArtifactFile& file : manifest.files()) bytes += file.blob().size_bytes();
  return {"",
          {TextCell(id), TextCell(manifest.kind()), TextCell(manifest.lineage().job_id()),
           CountCell(manifest.lineage().attempt()), TextCell(manifest.lineage().code_version()),
           CountCell(static_cast<uint64_t>(manifest.files_size())),
           NumberCell(static_cast<double>(bytes), FormatBytes(bytes)), TextCell(absl::StrJoin(inputs, " ")),
           TextCell(manifest.lineage().spec())}};
}

}  // namespace

std::string LineageTreeHtml(const v1::GetArtifactResponse& artifact) {
  return LineageTree(artifact).Render(artifact.manifest());
}

Table LineageArtifactsTable(const v1::GetArtifactResponse& artifact, absl::string_view path) {
  Table table;
  table.id = "artifacts";
  table.caption = "Artifacts that it came from";
  table.csv = absl::StrCat(path, "/artifacts.csv");
  table.json = absl::StrCat(path, "/artifacts.json");
  table.columns = {{"artifact_id", "Artifact", "", false, true},
                   {"kind", "Kind"},
                   {"job_id", "Job"},
                   {"attempt", "Attempt"},
                   {"code", "Code"},
                   {"files", "Files"},
                   {"bytes", "Size", "", true},
                   {"inputs", "Made from"},
                   {"spec", ""}};
  table.rows.push_back(ArtifactRow(artifact.record().id(), artifact.manifest()));
  for (const v1::LineageNode& node : artifact.lineage()) {
    table.rows.push_back(ArtifactRow(node.id(), node.manifest()));
  }
  return table;
}

Table LineageSourcesTable(const v1::GetArtifactResponse& artifact, absl::string_view path) {
  Table table;
  table.id = "sources";
  table.caption = "Files that it was made from";
  table.none = "No file from outside is in its lineage.";
  table.csv = absl::StrCat(path, "/sources.csv");
  table.json = absl::StrCat(path, "/sources.json");
  table.columns = {{"file", "File", "", false, true},
                   {"dataset", "Data set"},
                   {"split", "Split"},
                   {"documents", "Documents"},
                   {"bytes", "Size"},
                   {"licence", "Licence"},
                   {"home", "Home"},
                   {"published", "Published"},
                   {"sha256", "SHA-256"},
                   {"artifact_id", ""}};
  std::set<std::string> seen;
  for (const v1::LineageNode& node : artifact.lineage()) {
    for (const v1::DatasetSource& source : node.manifest().lineage().sources()) {
      if (!seen.insert(absl::StrCat(node.id(), source.sha256(), source.file())).second) continue;
      Cell hash = TextCell(source.sha256());
      hash.html = absl::StrCat("<code class=\"hash\">", EscapeHtml(ShortId(source.sha256())), "</code>");
      table.rows.push_back(
          {"",
           {TextCell(source.file()), TextCell(source.dataset()), TextCell(source.split()),
            CountCell(source.documents()),
            NumberCell(static_cast<double>(source.size_bytes()), FormatBytes(source.size_bytes())),
            TextCell(source.licence()), TextCell(source.home()), TextCell(source.published()),
            std::move(hash), TextCell(node.id())}});
    }
  }
  return table;
}

}  // namespace bonsai
