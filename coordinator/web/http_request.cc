#include "coordinator/web/http_request.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace bonsai {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Whether the bytes are well-formed UTF-8 (RFC 3629) without control characters.
bool IsPlainText(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      if (lead < ' ' || lead == 0x7f) return false;
      ++i;
      continue;
    }
    const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() - i < length) return false;
    uint32_t point = lead & (0x7f >> length);
    for (size_t k = 1; k < length; ++k) {
      const auto byte = static_cast<unsigned char>(text[i + k]);
      if ((byte & 0xc0) != 0x80) return false;
      point = point << 6 | (byte & 0x3f);
    }
    const uint32_t least = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80;
    if (point < least || point > 0x10ffff || (point >= 0xd800 && point < 0xe000) || point < 0xa0)
      return false;
    i += length;
  }
  return true;
}

absl::StatusOr<std::string> DecodeQueryPart(absl::string_view part) {
  std::string text;
  for (size_t i = 0; i < part.size(); ++i) {
    if (part[i] != '%') {
      text += part[i] == '+' ? ' ' : part[i];
      continue;
    }
    const int high = i + 2 < part.size() ? HexDigit(part[i + 1]) : -1;
    const int low = i + 2 < part.size() ? HexDigit(part[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return absl::InvalidArgumentError("the query has a % that two hexadecimal digits do not follow");
    }
    text += static_cast<char>(high << 4 | low);
    i += 2;
  }
  if (text.size() > kQueryValueBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("the query has a name or value of more than ", kQueryValueBytesMax, " bytes"));
  }
  if (!IsPlainText(text)) {
    return absl::InvalidArgumentError("the query has bytes that are not UTF-8 text");
  }
  return text;
}

}  // namespace

std::string HttpRequest::Query(const std::string& name) const {
  const auto found = query.find(name);
  return found == query.end() ? "" : found->second;
}

absl::StatusOr<uint64_t> HttpRequest::QueryCount(const std::string& name, uint64_t default_value,
                                                 uint64_t max) const {
  const std::string text = Query(name);
  if (text.empty()) return default_value;
  uint64_t count = 0;
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || !absl::SimpleAtoi(text, &count) || count > max) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": \"", text, "\" is not a whole number from 0 to ", max));
  }
  return count;
}

absl::StatusOr<std::map<std::string, std::string>> ParseQuery(absl::string_view query) {
  std::map<std::string, std::string> fields;
  if (query.empty()) return fields;
  size_t count = 0;
  for (absl::string_view part : absl::StrSplit(query, '&')) {
    if (part.empty()) continue;
    if (++count > kQueryFieldsMax) {
      return absl::InvalidArgumentError(absl::StrCat("the query has more than ", kQueryFieldsMax, " fields"));
    }
    const size_t equals = part.find('=');
    absl::StatusOr<std::string> name = DecodeQueryPart(part.substr(0, equals));
    if (!name.ok()) return name.status();
    absl::StatusOr<std::string> value =
        DecodeQueryPart(equals == absl::string_view::npos ? "" : part.substr(equals + 1));
    if (!value.ok()) return value.status();
    fields[*std::move(name)] = *std::move(value);
  }
  return fields;
}

std::optional<std::map<std::string, std::string>> MatchRoute(absl::string_view pattern,
                                                             absl::string_view path) {
  const std::vector<absl::string_view> wanted = absl::StrSplit(pattern, '/');
  const std::vector<absl::string_view> given = absl::StrSplit(path, '/');
  if (wanted.size() != given.size()) return std::nullopt;
  std::map<std::string, std::string> fields;
  for (size_t i = 0; i < wanted.size(); ++i) {
    absl::string_view name = wanted[i];
    if (absl::ConsumePrefix(&name, "{") && absl::ConsumeSuffix(&name, "}")) {
      if (given[i].empty()) return std::nullopt;
      fields[std::string(name)] = std::string(given[i]);
    } else if (wanted[i] != given[i]) {
      return std::nullopt;
    }
  }
  return fields;
}

bool IsLocalHostName(absl::string_view host) {
  if (absl::StartsWith(host, "[")) return true;  // an IPv6 address
  host = host.substr(0, host.find(':'));
  if (host.empty()) return true;  // HTTP/1.0
  const std::string name = absl::AsciiStrToLower(host);
  if (name == "localhost" || absl::EndsWith(name, ".localhost")) return true;
  return name.find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace bonsai
