#include "worker/data/source_fetch.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "runner/child_process.h"
#include "storage/digest.h"

namespace bonsai {
namespace {

namespace fs = std::filesystem;

constexpr int kCannotResume = 33;  // curl: the server does not serve parts of the file
constexpr int kTooLarge = 63;      // curl: larger than --max-filesize
constexpr size_t kWordsBytesMax = 400;

uint64_t SizeOf(const std::string& path) {
  std::error_code error;
  const uintmax_t size = fs::file_size(path, error);
  return error ? 0 : size;
}

void Remove(const std::string& path) {
  std::error_code error;
  fs::remove(path, error);
}

// The last part of the URL's path; only characters that are harmless in a file's name.
std::string NameOf(absl::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  url.remove_prefix(url.find("://") + 3);
  const size_t slash = url.rfind('/');
  std::string name(slash == absl::string_view::npos ? "" : url.substr(slash + 1));
  for (char& c : name) {
    if (!absl::ascii_isalnum(c) && c != '.' && c != '-' && c != '_') c = '_';
  }
  if (name.size() > 128) name = name.substr(name.size() - 128);
  return name.empty() || name[0] == '.' ? "file" : name;
}

absl::Status CheckRequest(const FetchRequest& request) {
  const absl::string_view url = request.url;
  const bool visible = std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (!visible || !(absl::StartsWith(url, "https://") || absl::StartsWith(url, "http://")))
    return absl::InvalidArgumentError(absl::StrCat("url is \"", url, "\"; valid are https and http URLs"));
  if (!IsSha256Hex(request.sha256))
    return absl::InvalidArgumentError(absl::StrCat("url ", url, " has no sha256 of 64 hexadecimal digits"));
  return absl::OkStatus();
}

absl::StatusOr<bool> HasDigest(const std::string& path, const std::string& sha256) {
  std::error_code error;
  if (!fs::exists(path, error)) return false;
  const absl::StatusOr<v1::Blob> digest = DigestFile(path);
  if (!digest.ok()) return digest.status();
  return digest->sha256() == sha256;
}

std::string LastWords(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string words((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (words.size() > kWordsBytesMax) words = words.substr(words.size() - kWordsBytesMax);
  return std::string(absl::StripAsciiWhitespace(words));
}

// Runs curl once; it goes on behind what `part` holds.
absl::StatusOr<ChildExit> RunCurl(const FetchRequest& request, const std::string& part,
                                  const std::string& words) {
  ChildOptions child;
  child.argv = {"curl",
                "--disable",  // no ~/.curlrc
                "--proto",
                "https,http",
                "--proto-redir",
                "https,http",
                "--fail",
                "--silent",
                "--show-error",
                "--location",
                "--max-redirs",
                "5",
                "--connect-timeout",
                "30",
                "--speed-limit",
                "512",
                "--speed-time",
                "60",
                "--max-filesize",
                absl::StrCat(request.bytes_max),
                "--continue-at",
                "-",
                "--output",
                part,
                "--url",
                request.url};
  for (const char* name : {"PATH", "http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY",
                           "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"}) {
    const char* value = std::getenv(name);
    if (value != nullptr) child.environment.push_back(absl::StrCat(name, "=", value));
  }
  child.stderr_path = words;
  child.timeout = request.timeout;
  // A server that does not say how much it sends is held to the bound here.
  child.stop = [&] { return (request.stop && request.stop()) || SizeOf(part) > request.bytes_max; };
  return RunChild(child);
}

absl::Status TooLarge(const FetchRequest& request, const std::string& part) {
  Remove(part);
  return absl::ResourceExhaustedError(
      absl::StrCat(request.url, " is larger than ", request.bytes_max, " bytes, the most that is fetched"));
}

// Fetches into `part`, from its end if it can.
absl::Status Download(const FetchRequest& request, const std::string& part) {
  const std::string words = part + ".stderr";
  absl::StatusOr<ChildExit> ended = RunCurl(request, part, words);
  if (ended.ok() && ended->exit_code != 0 && !ended->timed_out && ended->exit_code != kTooLarge &&
      SizeOf(part) > 0 && (ended->exit_code == kCannotResume || absl::StrContains(LastWords(words), "416"))) {
    Remove(part);
    ended = RunCurl(request, part, words);
  }
  if (SizeOf(part) > request.bytes_max) return TooLarge(request, part);
  if (absl::IsNotFound(ended.status()))
    return absl::UnavailableError("there is no curl to fetch with; install Debian's package curl");
  if (!ended.ok()) return ended.status();
  if (ended->timed_out) {
    return absl::DeadlineExceededError(
        absl::StrCat(request.url, " was not fetched within ", absl::FormatDuration(request.timeout)));
  }
  if (ended->exit_code == kTooLarge) return TooLarge(request, part);
  if (ended->exit_code == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot fetch ", request.url, ": ", LastWords(words)));
}

}  // namespace

absl::StatusOr<std::string> FetchFile(const FetchRequest& request) {
  if (absl::Status valid = CheckRequest(request); !valid.ok()) return valid;
  std::error_code error;
  fs::create_directories(request.folder, error);
  if (error) return absl::InternalError(absl::StrCat("cannot make ", request.folder, ": ", error.message()));
  const std::string path = absl::StrCat(request.folder, "/", NameOf(request.url));
  const std::string part = path + ".part";
  absl::StatusOr<bool> whole = HasDigest(path, request.sha256);
  if (!whole.ok()) return whole.status();
  if (*whole) return path;
  whole = HasDigest(part, request.sha256);
  if (!whole.ok()) return whole.status();
  while (!*whole) {
    // What an earlier try left may be of another file: then all is fetched again.
    const bool resumed = SizeOf(part) > 0;
    if (absl::Status fetched = Download(request, part); !fetched.ok()) return fetched;
    const absl::StatusOr<v1::Blob> digest = DigestFile(part);
    if (!digest.ok()) return digest.status();
    whole = digest->sha256() == request.sha256;
    if (*whole) break;
    Remove(part);
    if (resumed) continue;
    return absl::FailedPreconditionError(absl::StrCat("sha256 is ", request.sha256, ", but ", request.url,
                                                      " gave ", digest->size_bytes(), " bytes that have ",
                                                      digest->sha256()));
  }
  fs::rename(part, path, error);
  if (error) return absl::InternalError(absl::StrCat("cannot rename ", part, ": ", error.message()));
  Remove(part + ".stderr");
  return path;
}

absl::StatusOr<v1::DataSpec> FetchSources(RunnerContext& context) {
  v1::DataSpec spec = context.task().spec().data();
  for (int i = 0; i < spec.sources_size(); ++i) {
    v1::DataSpec::Source& source = *spec.mutable_sources(i);
    if (source.url().empty()) continue;
    const std::string field = absl::StrCat("data.sources[", i, "]");
    if (!source.paths().empty())
      return absl::InvalidArgumentError(absl::StrCat(field, " has both paths and url; it may have one"));
    FetchRequest request;
    request.url = source.url();
    request.sha256 = source.sha256();
    request.folder = absl::StrCat(context.task().work_dir(), "/fetched/", source.sha256());
    request.stop = [&context] { return context.StopRequested(); };
    const absl::StatusOr<std::string> path = FetchFile(request);
    if (!path.ok())
      return absl::Status(path.status().code(), absl::StrCat(field, ".url: ", path.status().message()));
    source.add_paths(*path);
    if (source.home().empty()) source.set_home(source.url());
    source.clear_url();
  }
  return spec;
}

}  // namespace bonsai
