// Questions and instructions: short texts whose answers follow from what they say.
#include <cstddef>
#include <string>

#include "deploy/stories/lexicon.h"
#include "deploy/stories/story.h"

namespace bonsai {
namespace {

constexpr size_t kChoices = 5;

// Five words of a list; the first is the right one until Shuffle.
MadeQuestion FromList(Grammar& grammar, const std::string& list) {
  MadeQuestion question;
  question.choices = grammar.PickDifferent(*FindWords(list), kChoices);
  question.concept_ = list;
  return question;
}

void BindPeople(Grammar& grammar) {
  grammar.ForgetBindings();
  grammar.Bind("name", grammar.Pick(*FindWords("girl")));
  grammar.Bind("friend", grammar.Pick(*FindWords("boy")));
  grammar.Bind("town", grammar.Expand("{town}"));
  grammar.Bind("weather", grammar.Pick(*FindWords("weather")));
}

MadeQuestion WhereIsIt(Grammar& grammar) {
  MadeQuestion question = FromList(grammar, "place");
  grammar.Bind("right", question.choices[0]);
  grammar.Bind("thing", grammar.Pick(*FindWords("thing")));
  question.stem = grammar.ExpandOneOf({
      "{name} left the {thing} at the {right} and went home. Where should {name} look for the {thing}?",
      "{friend} found {a thing} at the {right}. {name} had lost it. Where did {name} lose the {thing}?",
      "{time}, {name} hid {a thing} at the {right}. Where is the {thing}?",
  });
  return question;
}

MadeQuestion WhichColour(Grammar& grammar) {
  MadeQuestion question = FromList(grammar, "colour");
  grammar.Bind("right", question.choices[0]);
  grammar.Bind("animal", grammar.Pick(*FindWords("animal")));
  question.stem = grammar.ExpandOneOf({
      "{name} painted the door {right} while {friend} was {work}. What colour is the door?",
      "the {animal} wore a {right} ribbon. {friend} liked it. What colour was the ribbon of the {animal}?",
      "all boats in {town} are {right}. {name} has a boat in {town}. What colour is it?",
  });
  return question;
}

MadeQuestion WhoHelped(Grammar& grammar) {
  MadeQuestion question = FromList(grammar, "helper");
  grammar.Bind("right", question.choices[0]);
  grammar.Bind("tool", grammar.Pick(*FindWords("tool")));
  question.stem = grammar.ExpandOneOf({
      "{name} needed {a tool}. Only the {right} had one. Whom did {name} ask?",
      "the {right} gave {friend} some {food}, because {friend} had been {work}. Who gave {friend} the "
      "{food}?",
      "{friend} broke the {tool} of the {right}. To whom should {friend} say sorry?",
  });
  return question;
}

MadeQuestion WhatWasEaten(Grammar& grammar) {
  MadeQuestion question = FromList(grammar, "food");
  grammar.Bind("right", question.choices[0]);
  question.stem = grammar.ExpandOneOf({
      "{name} was hungry, and there was only {right} in the {room}. What did {name} eat?",
      "{friend} brought {right} to the {place}. They ate all of it. What did they eat?",
      "on a {weather} day {name} likes {right} best. Today it is {weather}. What does {name} like best?",
  });
  return question;
}

MadeQuestion WhichAnimal(Grammar& grammar) {
  MadeQuestion question = FromList(grammar, "animal");
  grammar.Bind("right", question.choices[0]);
  question.stem = grammar.ExpandOneOf({
      "{name} heard a noise at the {place}. It was {a right}. What made the noise?",
      "the {right} followed {friend} to {town}. Which animal came to {town}?",
      "{friend} feeds {a right} in the {room}. Which animal does {friend} feed?",
  });
  return question;
}

std::string Number(size_t value) { return std::to_string(value); }

MadeInstruction FromQuestion(const MadeQuestion& question) {
  const size_t end = question.stem.rfind(". ");
  return {question.stem.substr(end + 2), question.stem.substr(0, end + 1),
          Capitalize(question.choices[question.answer]) + "."};
}

MadeInstruction CountThings(Grammar& grammar) {
  grammar.Bind("fruit", grammar.Pick(*FindWords("fruit")));
  const size_t first = 2 + grammar.Draw(18);
  const size_t second = 1 + grammar.Draw(first - 1);
  const bool more = grammar.Draw(2) == 0;
  grammar.Bind("first", Number(first));
  grammar.Bind("second", Number(second));
  MadeInstruction made;
  made.instruction = grammar.Expand("how many {fruit} does {name} have now?");
  made.input = grammar.Expand(more ? "{name} had {first} {fruit}. {friend} gave her {second} more."
                                   : "{name} had {first} {fruit}. She gave {second} of them to {friend}.");
  grammar.Bind("third", Number(more ? first + second : first - second));
  made.output = grammar.Expand("{name} has {third} {fruit}.");
  return made;
}

MadeInstruction ListThings(Grammar& grammar) {
  static const auto* const kLists =
      new std::vector<std::pair<std::string, std::string>>{{"animal", "animals"},
                                                           {"food", "things to eat"},
                                                           {"tool", "tools"},
                                                           {"colour", "colours"},
                                                           {"place", "places in a village"}};
  const auto& [list, title] = (*kLists)[grammar.Draw(kLists->size())];
  const size_t count = 3 + grammar.Draw(3);
  MadeInstruction made;
  grammar.Bind("count", Number(count));
  grammar.Bind("title", title);
  made.instruction =
      grammar.ExpandOneOf({"name {count} {title} for a story about {name} and {friend}.",
                           "list {count} {title} that {name} from {town} might know.",
                           "{friend} from {town} asks for {count} {title}. Write a numbered list."});
  const Words words = grammar.PickDifferent(*FindWords(list), count);
  for (size_t i = 0; i < count; ++i) {
    made.output += (i > 0 ? "\n" : "") + Number(i + 1) + ". " + Capitalize(words[i]);
  }
  return made;
}

MadeInstruction ShortStory(Grammar& grammar) {
  for (const char* list : {"animal", "place", "thing", "trait"})
    grammar.Bind(list, grammar.Pick(*FindWords(list)));
  MadeInstruction made;
  made.instruction =
      grammar.ExpandOneOf({"write two sentences about {name}, {a animal} and {a thing}.",
                           "tell me a very short story about {name} and {a thing} at the {place}.",
                           "make up a short story in which {a animal} helps {name}."});
  made.output = grammar.ExpandOneOf({
      "{time}, {name} lost {a thing} at the {place}. {a animal} found it and brought it back to {name}.",
      "{name} met {a trait} {animal} at the {place}. Together they found {a thing}, and {name} was {joy}.",
      "{a animal} carried {a thing} to the {place}. \"Thank you,\" {name} {said}, and gave the {animal} some "
      "{food}.",
  });
  return made;
}

MadeInstruction Describe(Grammar& grammar) {
  grammar.Bind("land", grammar.Pick(*FindWords("land")));
  grammar.Bind("place", grammar.Pick(*FindWords("place")));
  MadeInstruction made;
  made.instruction =
      grammar.ExpandOneOf({"describe the village of {town}.", "what is there to see in {town}?",
                           "write about {town} by the {land}."});
  made.output = grammar.Expand(
      "{town} is a {size} village by the {land}. People come to see the {place}, and in the "
      "{season} everybody is {work}. The {helper} of {town} is known for {food}.");
  return made;
}

}  // namespace

MadeQuestion MakeQuestion(Grammar& grammar) {
  BindPeople(grammar);
  MadeQuestion question;
  switch (grammar.Draw(5)) {
    case 0:
      question = WhereIsIt(grammar);
      break;
    case 1:
      question = WhichColour(grammar);
      break;
    case 2:
      question = WhoHelped(grammar);
      break;
    case 3:
      question = WhatWasEaten(grammar);
      break;
    default:
      question = WhichAnimal(grammar);
  }
  question.answer = grammar.Draw(kChoices);
  std::swap(question.choices[0], question.choices[question.answer]);
  grammar.ForgetBindings();
  return question;
}

MadeInstruction MakeInstruction(Grammar& grammar) {
  const size_t kind = grammar.Draw(6);
  if (kind >= 4) return FromQuestion(MakeQuestion(grammar));
  BindPeople(grammar);
  MadeInstruction made = kind == 0   ? CountThings(grammar)
                         : kind == 1 ? ListThings(grammar)
                         : kind == 2 ? ShortStory(grammar)
                                     : Describe(grammar);
  grammar.ForgetBindings();
  return made;
}

}  // namespace bonsai
