#include "server/command/syntax.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "server/base/text.h"

namespace larder {
namespace {

constexpr int kMaxDepth = 16;

// --- First step: what the brackets say ---

struct Item;
struct Sequence {
  std::vector<Item> items;
  bool has_dots = false;  // ends in "..."
  bool operator==(const Sequence&) const = default;
};
struct Item {
  enum class Kind { word, optional, group, repeated };
  Kind kind = Kind::word;
  std::string_view word = {};
  std::vector<Sequence> alternatives = {};  // of a repeated item: one
  bool operator==(const Item&) const = default;
};

class BracketParser {
 public:
  explicit BracketParser(std::string_view text) : text_(text) {}

  // The alternatives up to the closing bracket; '\0': to the end of the text.
  bool parse(char closing, std::vector<Sequence>& alternatives, int depth = 0) {
    if (depth > kMaxDepth) return false;
    alternatives.emplace_back();
    while (true) {
      while (at_ < text_.size() && text_[at_] == ' ') at_++;
      if (at_ == text_.size()) return closing == '\0';
      const char c = text_[at_];
      if (c == ']' || c == '>') {
        at_++;
        return c == closing;
      }
      if (c == '|') {
        at_++;
        alternatives.emplace_back();
      } else if (!parse_item(alternatives.back(), depth)) {
        return false;
      }
    }
  }

 private:
  bool parse_item(Sequence& sequence, int depth) {
    if (sequence.has_dots) return false;  // the dots come last
    const char c = text_[at_];
    if (c == '[' || c == '<') {
      at_++;
      Item& item = sequence.items.emplace_back();
      item.kind = c == '[' ? Item::Kind::optional : Item::Kind::group;
      return parse(c == '[' ? ']' : '>', item.alternatives, depth + 1);
    }
    const size_t end = std::min(text_.find_first_of(" []<>|", at_), text_.size());
    const std::string_view word = text_.substr(at_, end - at_);
    at_ = end;
    if (word != "...") {
      sequence.items.push_back({.word = word});
      return true;
    }
    sequence.has_dots = true;
    return !sequence.items.empty();
  }

  std::string_view text_;
  size_t at_ = 0;
};

// "key value [key value ...]": one repeated item instead of the three.
std::vector<Item> fold_repetitions(const Sequence& sequence) {
  std::vector<Item> folded;
  for (const Item& item : sequence.items) {
    const bool repeats = item.kind == Item::Kind::optional && item.alternatives.size() == 1 &&
                         item.alternatives[0].has_dots;
    const std::vector<Item>* again = repeats ? &item.alternatives[0].items : nullptr;
    if (!repeats || again->size() > folded.size() ||
        !std::equal(again->rbegin(), again->rend(), folded.rbegin())) {
      folded.push_back(item);
      continue;
    }
    folded.resize(folded.size() - again->size());
    folded.push_back({.kind = Item::Kind::repeated, .alternatives = {{*again, false}}});
  }
  return folded;
}

// --- Second step: arguments ---

constexpr std::string_view kKeyNames[] = {"key",         "key1",    "key2", "newkey", "source",
                                          "destination", "destkey", "src",  "dst",    "sourcekey"};
constexpr std::string_view kIntegerNames[] = {"bit",
                                              "client-id",
                                              "count",
                                              "cursor",
                                              "db",
                                              "decrement",
                                              "destination-db",
                                              "end",
                                              "increment",
                                              "index",
                                              "index1",
                                              "index2",
                                              "len",
                                              "limit",
                                              "maxage",
                                              "maxlen",
                                              "milliseconds",
                                              "ms",
                                              "numkeys",
                                              "numlocal",
                                              "numreplicas",
                                              "num-matches",
                                              "offset",
                                              "port",
                                              "protover",
                                              "rank",
                                              "samples",
                                              "seconds",
                                              "start",
                                              "stop",
                                              "timeout",
                                              "ttl",
                                              "version",
                                              "column",
                                              "row",
                                              "weight",
                                              "entries-read",
                                              "entries-added",
                                              "min-match-len"};
constexpr std::string_view kFloatingNames[] = {"height", "latitude", "longitude", "max",
                                               "min",    "radius",   "score",     "width"};

// How a row names a type that the value's name would mislead about.
constexpr std::pair<std::string_view, Argument::Type> kNamedTypes[] = {
    {"(string)", Argument::Type::string},
    {"(integer)", Argument::Type::integer},
};

bool is_one_of(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_token(std::string_view word) {
  return std::none_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

class ArgumentBuilder {
 public:
  explicit ArgumentBuilder(const CommandSpec& spec) : spec_(spec) {}

  std::vector<Argument> build(const Sequence& sequence) {
    const std::vector<Item> items = fold_repetitions(sequence);
    std::vector<Argument> arguments;
    for (size_t i = 0; i < items.size();) {
      if (items[i].kind != Item::Kind::word || !is_token(items[i].word)) {
        arguments.push_back(build_item(items[i++]));
        continue;
      }
      const size_t first = i + 1;
      for (i = first; i < items.size() && is_value(items[i]);) i++;
      arguments.push_back(
          build_token(items[first - 1].word, std::span(items).subspan(first, i - first)));
    }
    return arguments;
  }

  // All alternatives as one argument.
  Argument build_choice(const std::vector<Sequence>& alternatives) {
    if (alternatives.size() == 1) return build_block(build(alternatives[0]));
    if (has_unbracketed_choice(alternatives)) return build_unbracketed_choice(alternatives);
    Argument choice{.name = "choice", .type = Argument::Type::one_of};
    for (const Sequence& sequence : alternatives) {
      choice.arguments.push_back(build_block(build(sequence)));
    }
    return choice;
  }

 private:
  // What a token takes: values, but nothing optional.
  static bool is_value(const Item& item) {
    if (item.kind == Item::Kind::word) return !is_token(item.word);
    if (item.kind == Item::Kind::group) return true;
    return item.kind == Item::Kind::repeated && item.alternatives[0].items.size() == 1;
  }

  // "AGGREGATE SUM|MIN|MAX", as some write what should be "AGGREGATE <SUM|MIN|MAX>".
  static bool has_unbracketed_choice(const std::vector<Sequence>& alternatives) {
    const std::vector<Item>& first = alternatives[0].items;
    if (first.size() != 2 || first[0].kind != Item::Kind::word || !is_token(first[0].word)) {
      return false;
    }
    return std::all_of(alternatives.begin() + 1, alternatives.end(), [&](const Sequence& other) {
      return other.items.size() == 1 && other.items[0].kind == Item::Kind::word &&
             first[1].kind == Item::Kind::word &&
             is_token(other.items[0].word) == is_token(first[1].word);
    });
  }
  Argument build_unbracketed_choice(std::vector<Sequence> alternatives) {
    const std::string_view token = alternatives[0].items[0].word;
    alternatives[0].items.erase(alternatives[0].items.begin());
    Argument choice = build_choice(alternatives);
    choice.name = to_lower(token);
    choice.token = token;
    return choice;
  }

  Argument build_item(const Item& item) {
    if (item.kind == Item::Kind::word) return build_value(item.word);
    if (item.kind == Item::Kind::repeated) return build_repeated(item.alternatives[0]);
    Argument argument = build_choice(item.alternatives);
    if (item.kind == Item::Kind::optional) argument.is_optional = true;
    if (item.alternatives.back().has_dots) argument.is_multiple = true;
    return argument;
  }

  Argument build_repeated(const Sequence& sequence) {
    const std::vector<Item>& items = sequence.items;
    // "ID [ID ...]": a token alone would say nothing by being repeated, so it is a value.
    const bool is_word = items.size() == 1 && items[0].kind == Item::Kind::word;
    Argument argument = is_word ? build_value(items[0].word) : build_block(build(sequence));
    argument.is_multiple = true;
    argument.repeats_token = !argument.token.empty();
    return argument;
  }

  Argument build_token(std::string_view token, std::span<const Item> values) {
    Argument argument{.name = to_lower(token), .type = Argument::Type::token};
    if (values.size() == 1) {
      argument = build_item(values[0]);
      if (argument.type == Argument::Type::one_of) argument.name = to_lower(token);
    } else if (values.size() > 1) {
      argument.type = Argument::Type::block;
      for (const Item& value : values) argument.arguments.push_back(build_item(value));
    }
    argument.token = token;
    return argument;
  }

  static Argument build_block(std::vector<Argument> arguments) {
    if (arguments.size() == 1) return std::move(arguments[0]);
    return {.name = "block", .type = Argument::Type::block, .arguments = std::move(arguments)};
  }

  Argument build_value(std::string_view word) {
    const size_t type = std::min(word.find('('), word.size());
    Argument argument{.name = to_lower(word.substr(0, type))};
    argument.type = type == word.size() ? guess_type(argument.name)
                                        : named_type(word.substr(type), argument.name);
    if (argument.type == Argument::Type::key) {
      // Each specification stands for one name, but for the last, which takes what is left.
      argument.key_spec = std::min(next_key_++, static_cast<int>(spec_.keys.count) - 1);
    }
    return argument;
  }

  // "(integer)" and what it may be else. An unknown one is a slip of a row, which a test finds.
  Argument::Type named_type(std::string_view type, std::string_view name) const {
    for (const auto& [text, named] : kNamedTypes) {
      if (type == text) return named;
    }
    return guess_type(name);
  }

  Argument::Type guess_type(std::string_view name) const {
    if (spec_.keys.count > 0 && is_one_of(kKeyNames, name)) return Argument::Type::key;
    if (name == "pattern") return Argument::Type::pattern;
    if (name.starts_with("unix-time")) return Argument::Type::unix_time;
    const bool waits =
        name == "timeout" && (spec_.flags & kBlocking) != 0;  // in fractions of seconds
    const bool is_fraction = name == "increment" && spec_.name.ends_with("float");
    if (waits || is_fraction || is_one_of(kFloatingNames, name)) return Argument::Type::floating;
    return is_one_of(kIntegerNames, name) ? Argument::Type::integer : Argument::Type::string;
  }

  const CommandSpec& spec_;
  int next_key_ = 0;
};

}  // namespace

std::optional<std::vector<Argument>> parse_syntax(const CommandSpec& spec) {
  std::vector<Sequence> alternatives;
  if (!BracketParser(spec.syntax).parse('\0', alternatives)) return std::nullopt;
  ArgumentBuilder builder(spec);
  if (alternatives.size() == 1) {
    std::vector<Argument> arguments = builder.build(alternatives[0]);
    if (alternatives[0].has_dots) arguments.back().is_multiple = true;
    return arguments;
  }
  std::vector<Argument> arguments;
  arguments.push_back(builder.build_choice(alternatives));
  return arguments;
}

}  // namespace larder
