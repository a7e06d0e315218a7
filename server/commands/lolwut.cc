#include "server/commands/lolwut.h"

#include <array>
#include <span>
#include <string_view>

#include "server/base/version.h"

namespace larder {
namespace {

constexpr size_t kRows = 3;
using Thing = std::array<std::string_view, kRows>;

// What may stand on a shelf: each as wide as every other, so that it can stand anywhere.
constexpr Thing kThings[] = {
    {"        ", "        ", "        "},    // nothing left
    {"  ____  ", " |~~~~| ", " |____| "},    // jam
    {"  _==_  ", " (    ) ", " (____) "},    // pickles
    {"   __   ", "  |  |  ", "  |__|  "},    // oil
    {"        ", "   ,.   ", "  (__)  "},    // an apple
    {"  ____  ", " /o  o\\ ", " \\_o__/ "},  // cheese
    {"        ", " .----. ", " |:::.| "},    // bread
};
constexpr size_t kShelves = 3;
constexpr size_t kThingsPerShelf = 6;
constexpr size_t kWidth = kThingsPerShelf * 8;

void draw_shelf(std::string& text, std::span<const Thing* const> things) {
  for (size_t row = 0; row < kRows; row++) {
    text += '|';
    for (const Thing* thing : things) text += (*thing)[row];
    text += "|\n";
  }
  text += '|' + std::string(kWidth, '=') + "|\n";
}

}  // namespace

std::string draw_larder(Random& random) {
  std::string text = ' ' + std::string(kWidth, '_') + '\n';
  for (size_t shelf = 0; shelf < kShelves; shelf++) {
    std::array<const Thing*, kThingsPerShelf> things;
    for (const Thing*& thing : things) thing = &kThings[random.below(std::size(kThings))];
    draw_shelf(text, things);
  }
  text += "\nLarder ver. ";
  text += larder_version();
  text += ", speaks as Redis ver. ";
  text += redis_version();
  text += '\n';
  return text;
}

}  // namespace larder
