#include "coordinator/web/static_files.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/digest.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

constexpr size_t kStaticBytesMax = 4 << 20;

// The path that pages link to, or "" if there is no such file.
std::string AddFile(const std::string& folder, const std::string& name, const char* type,
                    StaticFiles& files) {
  absl::StatusOr<std::string> bytes = ReadFileBytes(absl::StrCat(folder, "/", name), kStaticBytesMax);
  if (!bytes.ok() || bytes->empty()) return "";
  const std::string version = Sha256Hex(*bytes).substr(0, 16);
  const std::string path = absl::StrCat("/static/", name);
  const auto body = std::make_shared<const std::string>(*std::move(bytes));
  files.pages[path] = {type, [body](const HttpRequest&) { return *body; }, absl::StrCat("\"", version, "\"")};
  return absl::StrCat(path, "?v=", version);
}

}  // namespace

StaticFiles LoadStaticFiles(const std::string& folder) {
  StaticFiles files;
  files.names.style = AddFile(folder, "style.css", "text/css; charset=utf-8", files);
  files.names.script = AddFile(folder, "app.js", "text/javascript; charset=utf-8", files);
  files.names.chart_style = AddFile(folder, "app.css", "text/css; charset=utf-8", files);
  return files;
}

}  // namespace bonsai
