#include "deploy/stories/story.h"

#include <cstddef>
#include <initializer_list>
#include <vector>

#include "deploy/stories/lexicon.h"

namespace bonsai {
namespace {

// A paragraph is a row of sentences, each one of several. An empty alternative leaves the sentence out.
using Paragraph = std::vector<Words>;
using Plot = std::vector<Paragraph>;

const Words& OpeningSentences() {
  static const auto* const kSentences =
      new Words{"{time}, a {trait} {child} called {name} {went} to the {place} of {town}.",
                "in {town}, {distance}, there lived a {trait} {child} named {name}.",
                "{name} was a {trait} {child} from {town}, a {size} village by the {land}.",
                "once, in the {season}, {name} and {his} {relative} stayed in {town}, near the {place}.",
                "everybody in {town} knew {name}, the {trait} {child} who was always {work}.",
                "there was a {helper} in {town} who had {a trait} {child} named {name}.",
                "it was a {weather} day in {town}, and {name} had nothing to do."};
  return *kSentences;
}

const Words& ClosingSentences() {
  static const auto* const kSentences =
      new Words{"that evening {name} ate {food} and thought about the day.",
                "from that day on, {name} never forgot {lesson}.",
                "so {name} learned {lesson}.",
                "\"now I know {lesson},\" {name} {said}.",
                "{name} went to bed {joy}, and dreamed of the {place}.",
                "and if you ever come to {town}, ask for {name}, and {he} will tell you {lesson}.",
                "then they all sat down in the {room} and shared the {food}.",
                "the next morning the {helper} brought {name} some {food} and a {colour} ribbon.",
                "the {relative} smiled and said, \"You have learned {lesson}.\""};
  return *kSentences;
}

Plot LostThing() {
  return {
      {OpeningSentences(),
       {"{he} carried {a thing} wherever {he} went.", "{his} dearest thing was {a thing}.",
        "{his} {relative} had given {him} {a thing}."}},
      {{"but when {he} came home, the {thing} was gone.",
        "one day the {thing} was not in {his} pocket any more.",
        "on the way to the {place}, {he} lost the {thing}."},
       {"{name} was very {mood}.", "{he} felt {mood} and sat down by the {land}.", ""},
       {"{he} looked in the {room}, but it was not there.",
        "{he} searched the {room} and then the {other_place}.", "\"Where can it be?\" {he} {said} {manner}."},
       {"", "it began to get dark.", "it was {weather}, and the wind blew from the {land}."}},
      {{"then {he} met {a helper} who was {work}.",
        "{a animal} came out of the {other_place} and looked at {him}.",
        "{his} friend {friend} came along, {work} all day long."},
       {"\"I saw something {colour} near the {other_place},\" said {friend}.",
        "\"Have you looked at the {other_place}?\" {friend} asked.",
        "\"When did you have it last?\" asked {friend}. \"At the {other_place},\" {name} {said}."},
       {"together they {went} to the {other_place}.", "they {went} there {manner}."},
       {"and there, under some {material}, lay the {thing}!",
        "the {thing} was lying behind {a tool}, just where {name} had left it.",
        "{a animal} had carried the {thing} to its nest, and gave it back for some {food}."}},
      {{"{name} was {joy}.", "{name} thanked {friend} and was {joy}."}, ClosingSentences()}};
}

Plot BrokenThing() {
  return {
      {OpeningSentences(), {"every {season}, {he} helped {his} {relative} with {work}."}},
      {{"one day, while {work}, {he} broke the {tool} of the {helper}.",
        "{he} borrowed {a thing} from {friend}, and it broke.",
        "the {thing} fell down and cracked in {number} pieces."},
       {"{name} was {mood} and hid in the {room}.", "\"What shall I do?\" {he} {said}.",
        "{he} did not dare to tell anybody."},
       {"", "{he} tried to mend it with {material}, but it did not hold."}},
      {{"at last {he} {went} to the {helper} and told the truth.",
        "then {he} thought of the {helper}, who could mend nearly everything."},
       {"\"Bring me some {material} and {a tool},\" said the {helper}.",
        "\"That is not so bad,\" the {helper} {said}. \"We need {material}, {a tool} and a little time.\""},
       {"they worked for {number} hours in the {room}.",
        "{name} held the {tool} while the {helper} worked {manner}."},
       {"in the end it was better than before.", "when it was done, it even looked {colour} and new."}},
      {{"", "\"Thank you,\" {name} {said}."}, ClosingSentences()}};
}

Plot AnimalFriend() {
  return {{OpeningSentences(),
           {"there {he} heard a {size} sound.", "something moved in the grass.",
            "{he} saw something {colour} and {size}."}},
          {{"it was {a animal} with a hurt leg.", "it was {a animal}, caught in a piece of {material}.",
            "{a animal} sat there, {mood} and wet."},
           {"\"Do not be afraid,\" {name} {said} {manner}.", "{name} knelt down {manner}."},
           {"{he} gave it some {food}, and wrapped it in {a thing_cloth}.",
            "{he} carried the {animal} home to the {room}."},
           {"", "{his} {relative} fetched {material} and warm water."}},
          {{"after {number} days the {animal} could run again.",
            "the {animal} slept in the {room} all {season}.", "each day the {animal} grew stronger."},
           {"it followed {name} to the {place}, and to the {other_place}.", "it liked {food} best of all."},
           {"one {weather} night the {animal} woke everybody: there was a fire at the {place}!",
            "when {name} got lost in the fog, the {animal} showed {him} the way home.",
            "one day the {animal} brought {him} {a thing}."}},
          {{"{name} was {joy} to have such a friend."}, ClosingSentences()}};
}

Plot Errand() {
  return {
      {OpeningSentences(),
       {"\"Take this {thing} to the {helper} in {other_town},\" said {his} {relative}.",
        "{his} {relative} asked {him} to bring {food} to {friend}, who lived in {other_town}."}},
      {{"the road to {other_town} went past the {place} and over the {land}.",
        "{other_town} was {distance}, and the way was {size}."},
       {"first {he} came to the {place}, where {a helper} was {work}.",
        "at the {place} {he} stopped to rest."},
       {"then {he} {went} across the {land}, though it was {weather}.",
        "behind the {other_place} {he} met {a animal}, and they walked on together."},
       {"", "once {he} took the wrong path, and had to go back.",
        "{he} counted the steps: {number} hundred and {number}."}},
      {{"at last {he} saw the roofs of {other_town}.", "late in the evening {he} reached {other_town}."},
       {"{friend} was waiting at the gate.", "the {helper} opened the door."},
       {"\"You came all this way, and in this {weather} weather!\"",
        "\"I have been waiting for this,\" {friend} {said}. \"Come in and have some {food}.\""},
       {"they played {game} until it was time to sleep.", "in return {name} got {a thing} to take home."}},
      {ClosingSentences()}};
}

Plot Contest() {
  return {
      {{"every {season} there was a contest in {town}.", "{town} was famous for its {season} fair."},
       {"whoever won at {game} got {a thing}.", "the prize for the best {food} was {a thing}."},
       {"{name}, a {trait} {child}, wanted to win it.", "{name} wanted that {thing} more than anything."}},
      {{"so {he} practised every day in the {room}.", "{his} friend {friend} was good at it too."},
       {"\"You are too {size} for that,\" the others {said}.", "\"I shall help you,\" said the {helper}.",
        "nobody believed that {he} could do it."},
       {"but {name} was {trait}, and did not give up.", "{he} tried it {number} times, and then once more."}},
      {{"the day came, and it was {weather}.", "when the day came, all of {town} stood at the {place}."},
       {"{friend} began, and did well.", "{number} others went first."},
       {"then it was {name}'s turn, and {he} did it {manner}.",
        "{name} thought of what the {helper} had said."},
       {"{he} won by a hair.", "{he} came second, but {he} was {joy} all the same.",
        "{friend} and {name} both won, and they shared the {thing}."}},
      {ClosingSentences()}};
}

Plot Garden() {
  return {{OpeningSentences(),
           {"behind the {room} there was a {size} garden where nothing grew.",
            "{his} {relative} gave {him} {number} seeds in a paper bag."}},
          {{"{name} dug the ground with {a tool} and planted {fruit}.",
            "{he} planted {fruit} and watered them each morning."},
           {"for weeks nothing happened.",
            "for {number} weeks there was only {weather} weather and bare ground."},
           {"\"Nothing will come of it,\" said {friend}.",
            "\"Wait,\" the {helper} {said}, \"a garden has its own clock.\""},
           {"", "{a animal} came at night and ate some of the leaves."}},
          {{"then, on a {weather} morning, there was something green.",
            "one day {he} saw {number} {size} leaves."},
           {"the leaves grew, and in the {season} there were {fruit}.",
            "soon the whole garden was {colour} and green."},
           {"{name} picked a whole basket of them and gave {number} to {friend}.",
            "they sold the {fruit} at the {place} and bought {a thing}."}},
          {ClosingSentences()}};
}

Plot Storm() {
  return {{OpeningSentences(), {"", "{he} was {work} when the sky turned {colour}."}},
          {{"then a storm came over the {land}.", "the wind blew so hard that the {place} shook."},
           {"the bridge to {other_town} was gone, and {friend} was on the other side.",
            "the water rose, and {a animal} stood alone on a {size} rock."},
           {"\"We have to do something,\" {name} {said}."}},
          {{"{he} took {material} and {a tool} from the {room}.",
            "{he} ran to the {helper}, who had a long rope."},
           {"they tied one end to the {other_place} and threw the other across.",
            "they built a raft out of {material} and barrels."},
           {"it took {number} tries.", "the {helper} pulled, and {name} pulled too."},
           {"at last everybody was safe.", "then the storm was over, as quickly as it had come."}},
          {{"{name} was cold and wet, but {joy}."}, ClosingSentences()}};
}

// One person, one place, one thing, one of each: the same all through a text.
void BindCast(Grammar& grammar) {
  grammar.ForgetBindings();
  const bool girl = grammar.Draw(2) == 0;
  grammar.Bind("name", grammar.Pick(*FindWords(girl ? "girl" : "boy")));
  grammar.Bind("child", girl ? "girl" : "boy");
  grammar.Bind("he", girl ? "she" : "he");
  grammar.Bind("him", girl ? "her" : "him");
  grammar.Bind("his", girl ? "her" : "his");
  grammar.Bind("friend", grammar.Pick(*FindWords(grammar.Draw(2) == 0 ? "girl" : "boy")));
  if (grammar.Bound("friend") == grammar.Bound("name")) grammar.Bind("friend", "Alma");
  const Words places = grammar.PickDifferent(*FindWords("place"), 2);
  grammar.Bind("place", places[0]);
  grammar.Bind("other_place", places[1]);
  grammar.Bind("town", grammar.Expand("{town}"));
  do {
    grammar.Bind("other_town", grammar.Expand("{town_front}{town_back}"));
  } while (grammar.Bound("other_town") == grammar.Bound("town"));
  grammar.Bind("thing_cloth", "soft cloth");
  for (const char* name :
       {"thing", "helper", "animal", "relative", "land", "tool", "material", "weather", "season", "fruit"}) {
    grammar.Bind(name, grammar.Pick(*FindWords(name)));
  }
}

}  // namespace

std::string MakeStory(Grammar& grammar) {
  static const auto* const kPlots = new std::vector<Plot>{
      LostThing(), BrokenThing(), AnimalFriend(), Errand(), Contest(), Garden(), Storm()};
  BindCast(grammar);
  std::string story;
  for (const Paragraph& paragraph : (*kPlots)[grammar.Draw(kPlots->size())]) {
    std::string text;
    for (const Words& sentence : paragraph) {
      const std::string made = grammar.ExpandOneOf(sentence);
      if (!made.empty()) text += (text.empty() ? "" : " ") + made;
    }
    if (!text.empty()) story += (story.empty() ? "" : "\n") + text;
  }
  grammar.ForgetBindings();
  return story;
}

}  // namespace bonsai
