#include "client/verb_table.h"

#include "client/variables.h"

namespace bonsai {

std::string CheckSetting(const std::string& setting) {
  const size_t equals = setting.find('=');
  if (equals != std::string::npos && IsVariableName(setting.substr(0, equals))) return "";
  return "wants name=VALUE with a name of letters, digits and '_', not '" + setting + "'";
}

bool TakeSettings(const std::vector<std::string>& sets, std::map<std::string, std::string>& settings,
                  Session& session) {
  for (const std::string& set : sets) {
    const size_t equals = set.find('=');
    if (!settings.emplace(set.substr(0, equals), set.substr(equals + 1)).second) {
      session.err << "bonsai: --set gives " << set.substr(0, equals) << " twice\n";
      return false;
    }
  }
  return true;
}

}  // namespace bonsai
