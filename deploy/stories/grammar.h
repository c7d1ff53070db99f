// A small generator of sentences: templates with {slots} that are filled from bindings or, at random, from
// word lists.
//
// The corpus that `bonsai-stories` writes is made with it. A Grammar belongs to one thread. Standard library
// only: the same seed gives the same text on every machine.
#ifndef BONSAI_DEPLOY_STORIES_GRAMMAR_H_
#define BONSAI_DEPLOY_STORIES_GRAMMAR_H_

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace bonsai {

using Words = std::vector<std::string>;

class Grammar {
 public:
  explicit Grammar(uint64_t seed) : random_(seed) {}

  // A number in [0, size); size > 0.
  size_t Draw(size_t size) { return static_cast<size_t>(random_() % size); }
  const std::string& Pick(const Words& words) { return words[Draw(words.size())]; }
  // `count` different words, in random order; count <= words.size().
  Words PickDifferent(const Words& words, size_t count);

  // What {name} stands for from now on.
  void Bind(const std::string& name, const std::string& value) { bindings_[name] = value; }
  const std::string& Bound(const std::string& name) const { return bindings_.at(name); }
  void ForgetBindings() { bindings_.clear(); }

  // Fills the slots of a template: {x} is x's binding, or a word of the list x, drawn anew each time; {a x}
  // puts "a" or "an" in front. A word may hold slots itself. Each sentence starts with a capital letter. A
  // slot that is neither bound nor a list is our own bug, and ends the program.
  std::string Expand(std::string_view text);
  // The same for one of several templates.
  std::string ExpandOneOf(const Words& templates) { return Expand(Pick(templates)); }

 private:
  std::string Fill(std::string_view text, int depth);
  std::string Slot(std::string_view slot, int depth);

  std::mt19937_64 random_;
  std::map<std::string, std::string> bindings_;
};

// "a" or "an" and the noun.
std::string WithArticle(const std::string& noun);
// The text with a capital letter at its start and after the end of each sentence.
std::string Capitalize(std::string text);

}  // namespace bonsai

#endif  // BONSAI_DEPLOY_STORIES_GRAMMAR_H_
