#include "deploy/stories/lexicon.h"

#include <map>
#include <sstream>
#include <string_view>

namespace bonsai {
namespace {

// Words between '|', so that a list stays readable.
Words Split(const char* text) {
  Words words;
  std::istringstream stream(text);
  for (std::string word; std::getline(stream, word, '|');) words.push_back(word);
  return words;
}

std::map<std::string, Words> People() {
  return {
      {"girl",
       Split("Ada|Mina|Rosa|Ivy|Clara|Nora|Lena|Tilda|Greta|Hanna|Ella|Maren|Sofie|June|Pia|Wanda|Zoe|Fiona|"
             "Edith|Olga|Bianca|Dora|Heidi|Ines|Kira|Lotte|Mabel|Petra|Ruth|Selma|Thea|Ursula|Vera|Yara")},
      {"boy",
       Split(
           "Ben|Oskar|Theo|Jonas|Emil|Finn|Hugo|Karl|Leo|Max|Nils|Otto|Paul|Rafe|Samir|Tom|Victor|Walt|Yuri|"
           "Anton|Boris|Casper|Dario|Elias|Felix|Gus|Henri|Igor|Jasper|Kofi|Lars|Milo|Noah|Quentin")},
      {"relative",
       Split("grandmother|grandfather|aunt|uncle|older sister|older brother|mother|father|cousin")},
      {"helper",
       Split("baker|miller|fisherman|shepherd|carpenter|teacher|postman|gardener|blacksmith|doctor|farmer|"
             "tailor|weaver|clockmaker|librarian|ferryman|beekeeper|potter|painter|glassblower|lamplighter")},
      {"animal",
       Split("fox|hedgehog|rabbit|otter|badger|squirrel|goose|owl|kitten|puppy|goat|lamb|pony|duck|sparrow|"
             "crow|mouse|turtle|frog|donkey|heron|beaver|mole|robin|raven|calf|hen|swan")},
  };
}

std::map<std::string, Words> Places() {
  return {
      {"place",
       Split(
           "old mill|harbour|market square|apple orchard|stone bridge|schoolhouse|lighthouse|barn|river bank|"
           "library|bakery|windmill|village well|pine forest|railway station|meadow|greenhouse|town hall|"
           "workshop|boathouse|cherry garden|castle ruin|clock tower|quarry|vineyard|chapel|ferry landing")},
      {"land", Split("hills|mountains|river|forest|sea|lake|moor|valley|cliffs|marsh|island|plains")},
      {"town_front",
       Split("Oak|Stone|Wind|Fern|Silver|Amber|Frost|Heather|Raven|Willow|Copper|Marsh|Thorn|Birch|Salt|"
             "Moss|Crow|Elder|Holly|Otter|Pine|Rook|Swan|Bram|Cold|Dun|Ember|Gold|Hazel|Iron|Kings|Lark")},
      {"town_back",
       Split("ford|bridge|dale|wick|field|haven|mere|stead|brook|combe|gate|holm|hurst|ley|moor|port|ridge|"
             "shaw|ton|worth|cliff|well|den|bourne")},
      {"town", Split("{town_front}{town_back}")},
      {"room", Split("kitchen|attic|cellar|hall|pantry|bedroom|shed|stable|study|hayloft")},
  };
}

std::map<std::string, Words> Things() {
  return {
      {"thing",
       Split("red kite|brass key|wooden flute|blue scarf|silver bell|small lantern|leather ball|paper boat|"
             "music box|picture book|woollen hat|glass marble|tin whistle|old map|straw basket|toy train|"
             "pocket watch|green umbrella|carved spoon|copper coin|spinning top|clay cup|sewing box|feather "
             "pen|"
             "garden spade|fishing rod|hand mirror|silk ribbon|stone owl|telescope|compass|accordion")},
      {"food",
       Split(
           "apple pie|warm bread|honey cakes|barley soup|plum jam|roasted chestnuts|cheese|pancakes|mint tea|"
           "hot milk|ginger biscuits|pea stew|baked potatoes|pear tart|oat porridge|blackberry juice")},
      {"fruit", Split("apples|pears|plums|cherries|walnuts|eggs|carrots|buns|lemons|onions|pumpkins|beans")},
      {"material", Split("wood|string|nails|paper|cloth|clay|wax|rope|leather|glue|wire|straw")},
      {"tool", Split("hammer|saw|needle|brush|ladder|shovel|rope|knife|wheelbarrow|chisel|bucket|broom")},
      {"colour", Split("red|blue|green|yellow|white|black|brown|orange|purple|grey")},
      {"weather", Split("windy|rainy|sunny|foggy|snowy|stormy|warm|cold|cloudy|frosty|misty|hot")},
      {"season", Split("spring|summer|autumn|winter")},
      {"time",
       Split("one {weather} morning|early one {season} day|one {weather} evening|on a {weather} Sunday|"
             "late in the {season}|one {weather} afternoon|on the first day of {season}|before sunrise")},
  };
}

std::map<std::string, Words> Manners() {
  return {
      {"trait",
       Split("curious|brave|shy|patient|cheerful|stubborn|gentle|clever|dreamy|careful|lively|quiet|honest|"
             "generous|restless|thoughtful|proud|forgetful")},
      {"mood", Split("sad|worried|tired|lonely|cross|puzzled|nervous|disappointed|frightened|ashamed")},
      {"joy", Split("glad|proud|delighted|relieved|happy|thankful|merry|content")},
      {"size", Split("tiny|small|little|big|huge|tall|long|short|narrow|wide")},
      {"manner",
       Split("slowly|quickly|quietly|carefully|happily|bravely|gently|eagerly|softly|patiently|suddenly|"
             "politely")},
      {"went", Split("walked|ran|hurried|wandered|climbed|strolled|rode|marched|skipped|crept")},
      {"said", Split("said|whispered|answered|explained|replied|called|laughed|promised|suggested|muttered")},
      {"distance",
       Split("not far from here|a day's walk away|just behind the hill|on the other side of the {land}|"
             "two villages away|down by the water")},
      {"work",
       Split("mending nets|painting fences|picking berries|feeding the hens|chopping wood|sweeping leaves|"
             "planting beans|carrying water|polishing lamps|stacking hay|kneading dough|sharpening tools")},
      {"game", Split("hide and seek|marbles|chess|tag|skipping rope|leapfrog|dominoes|a guessing game")},
      {"number", Split("two|three|four|five|six|seven|eight|nine|ten|twelve")},
      {"lesson",
       Split(
           "that asking for help is not a weakness|that small steps lead far|to look twice before giving up|"
           "that a promise has to be kept|that sharing makes things better|to listen before speaking|"
           "that mistakes can be mended|that patience is worth more than speed|to be kind to strangers|"
           "that courage can be quiet|that old things have stories too|to take care of what one borrows")},
  };
}

std::map<std::string, Words> All() {
  std::map<std::string, Words> all = People();
  for (const auto& part : {Places(), Things(), Manners()}) all.insert(part.begin(), part.end());
  return all;
}

}  // namespace

const Words* FindWords(const std::string& name) {
  static const auto* const kWords = new std::map<std::string, Words>(All());
  const auto found = kWords->find(name);
  return found == kWords->end() ? nullptr : &found->second;
}

}  // namespace bonsai
