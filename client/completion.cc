#include "client/completion.h"

#include <CLI/CLI.hpp>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace bonsai {
namespace {

struct Word {
  std::string text;
  std::string what;
  bool is_verb = false;
};

// A verb by its words ("artifacts show"; empty: bonsai itself), and what may follow it.
struct Place {
  std::string path;
  std::vector<Word> words;
};

void AddOptions(const CLI::App& app, std::vector<Word>& words) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_snames())
      words.push_back({"-" + name, option->get_description()});
    for (const std::string& name : option->get_lnames())
      words.push_back({"--" + name, option->get_description()});
  }
}

void Walk(const CLI::App& app, const std::vector<Word>& global, const std::string& path,
          std::vector<Place>& places) {
  Place place{path, {}};
  const auto verbs = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* verb : verbs) place.words.push_back({verb->get_name(), verb->get_description(), true});
  AddOptions(app, place.words);
  // A verb's own --help wins over the program's.
  for (const Word& word : global) {
    if (!path.empty() && word.text != "-h" && word.text != "--help") place.words.push_back(word);
  }
  // The shells of `completion`: the one argument that is a choice of words.
  if (path == "completion") {
    for (const char* shell : {"bash", "zsh", "fish"})
      place.words.push_back({shell, "a script for this shell"});
  }
  places.push_back(std::move(place));
  for (const CLI::App* verb : verbs) {
    Walk(*verb, global, absl::StrCat(path, path.empty() ? "" : " ", verb->get_name()), places);
  }
}

std::string Words(const Place& place) {
  return absl::StrJoin(place.words, " ",
                       [](std::string* out, const Word& word) { absl::StrAppend(out, word.text); });
}

// Which verb the words before the cursor make, as lines of sh that leave it in $path. `word` expands to each
// of them.
std::string FindPath(const std::vector<Place>& places, const std::string& words) {
  std::string text = absl::StrCat("  local path='' word next\n  for word in ", words,
                                  "; do\n    next=\"${path:+$path }$word\"\n    case \"$next\" in\n      ");
  std::vector<std::string> paths;
  for (const Place& place : places) {
    if (!place.path.empty()) paths.push_back(absl::StrCat("'", place.path, "'"));
  }
  return absl::StrCat(text, absl::StrJoin(paths, "|"), ") path=\"$next\" ;;\n    esac\n  done\n");
}

std::string Bash(const std::vector<Place>& places) {
  std::string text = absl::StrCat("# bash completion for bonsai\n_bonsai() {\n",
                                  FindPath(places, "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\""),
                                  "  local words=''\n  case \"$path\" in\n");
  for (const Place& place : places)
    absl::StrAppend(&text, "    '", place.path, "') words='", Words(place), "' ;;\n");
  absl::StrAppend(&text,
                  "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\n",
                  "complete -o default -o bashdefault -F _bonsai bonsai\n");
  return text;
}

std::string Quoted(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

std::string Zsh(const std::vector<Place>& places) {
  // `path` is special in zsh: it is $PATH as an array.
  std::string text =
      absl::StrCat("#compdef bonsai\n# zsh completion for bonsai\n_bonsai() {\n",
                   absl::StrReplaceAll(FindPath(places, "${words[2,CURRENT-1]}"), {{"path", "verb"}}),
                   "  local -a choices\n  case \"$verb\" in\n");
  for (const Place& place : places) {
    absl::StrAppend(&text, "    '", place.path, "') choices=(\n");
    for (const Word& word : place.words) {
      absl::StrAppend(&text, "      ",
                      Quoted(absl::StrCat(word.text, ":", absl::StrReplaceAll(word.what, {{":", "\\:"}}))),
                      "\n");
    }
    absl::StrAppend(&text, "    ) ;;\n");
  }
  absl::StrAppend(
      &text, "  esac\n  _describe -V 'bonsai' choices\n  _files\n}\n",
      "if [ \"$funcstack[1]\" = '_bonsai' ]; then _bonsai \"$@\"; else compdef _bonsai bonsai; fi\n");
  return text;
}

std::string Fish(const std::vector<Place>& places) {
  std::string text = "# fish completion for bonsai\n";
  std::vector<std::string> verbs;
  for (const Word& word : places[0].words) {
    if (word.is_verb) verbs.push_back(word.text);
  }
  for (const Place& place : places) {
    const size_t space = place.path.find(' ');
    std::string when;
    if (place.path.empty()) {
      when = absl::StrCat("not __fish_seen_subcommand_from ", absl::StrJoin(verbs, " "));
    } else if (space == std::string::npos) {
      when = absl::StrCat("__fish_seen_subcommand_from ", place.path);
    } else {
      when = absl::StrCat("__fish_seen_subcommand_from ", place.path.substr(0, space),
                          "; and __fish_seen_subcommand_from ", place.path.substr(space + 1));
    }
    for (const Word& word : place.words) {
      const std::string name = word.text.substr(0, 2) == "--" ? absl::StrCat("-l ", word.text.substr(2))
                               : word.text[0] == '-'          ? absl::StrCat("-s ", word.text.substr(1))
                                                              : absl::StrCat("-a ", Quoted(word.text));
      absl::StrAppend(&text, "complete -c bonsai -n ", Quoted(when), " ", name, " -d ", Quoted(word.what),
                      "\n");
    }
  }
  return text;
}

}  // namespace

std::string CompletionScript(const CLI::App& app, const std::string& shell) {
  std::vector<Word> global;
  AddOptions(app, global);
  std::vector<Place> places;
  Walk(app, global, "", places);
  if (shell == "zsh") return Zsh(places);
  return shell == "fish" ? Fish(places) : Bash(places);
}

}  // namespace bonsai
