// Writes the words that the server understands as a dictionary for libFuzzer: names of commands and
// the tokens of their syntax, names of options, categories, the heads of the protocol, numbers at
// the edges.
#include <cctype>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>

#include "server/base/text.h"
#include "server/command/categories.h"
#include "server/commands/families.h"
#include "server/configuration.h"

namespace {

using Words = std::set<std::string, std::less<>>;

// Of "key [NX | XX] [EX seconds]" those in capitals.
void add_tokens(std::string_view syntax, Words& words) {
  std::string word;
  for (const char c : std::string(syntax) + " ") {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      word += c;
      continue;
    }
    if (word.size() > 1 && word == larder::to_upper(word)) words.insert(word);
    word.clear();
  }
}

void add_commands(Words& words) {
  for (const larder::CommandFamily& family : larder::core_commands()) {
    for (const larder::CommandSpec& spec : family.commands) {
      words.emplace(spec.name);
      const size_t bar = spec.name.find('|');
      if (bar != std::string_view::npos) words.emplace(spec.name.substr(bar + 1));
      add_tokens(spec.syntax, words);
    }
  }
}

void add_options(Words& words) {
  const larder::Configuration configuration;
  for (const larder::OptionGroup* group : configuration.options.groups()) {
    for (const larder::OptionBase* option : group->options()) words.emplace(option->name());
  }
}

void add_others(Words& words) {
  for (const std::string_view word : {"*1\r\n",
                                      "*-1\r\n",
                                      "*0\r\n",
                                      "$0\r\n\r\n",
                                      "$-1\r\n",
                                      "$1\r\na\r\n",
                                      "%1\r\n",
                                      "~1\r\n",
                                      ">1\r\n",
                                      "|1\r\n",
                                      "=5\r\ntxt:a\r\n",
                                      "!5\r\nERR a\r\n",
                                      "(1\r\n",
                                      ",1.5\r\n",
                                      "#t\r\n",
                                      "_\r\n",
                                      "HTTP/1.1\r\n",
                                      "GET / ",
                                      "HEAD / ",
                                      "Host: a\r\n",
                                      "Connection: close\r\n",
                                      "\r\n\r\n",
                                      "Content-Length: 0\r\n",
                                      "Transfer-Encoding: chunked\r\n",
                                      "user a ",
                                      "(~a +get)",
                                      "%R~",
                                      "%W~",
                                      "%RW~",
                                      "&*",
                                      "~*",
                                      "allkeys",
                                      "nopass",
                                      "resetkeys",
                                      "clearselectors",
                                      "+@all",
                                      "-@all",
                                      "#",
                                      ">p",
                                      "2147483647",
                                      "2147483648",
                                      "4294967295",
                                      "4294967296",
                                      "9223372036854775807",
                                      "-9223372036854775808",
                                      "9223372036854775808",
                                      "18446744073709551615",
                                      "-1",
                                      "-0",
                                      "nan",
                                      "inf",
                                      "-inf",
                                      "(inf",
                                      "1e308",
                                      "1e400",
                                      "4.9e-324",
                                      "0x10",
                                      "[a",
                                      "(a",
                                      "[^a-z]",
                                      "\\",
                                      "yes",
                                      "no",
                                      "1gb",
                                      "5%",
                                      "\"\"",
                                      "'",
                                      "HYLL"}) {
    words.emplace(word);
  }
}

void print(std::string_view word) {
  std::fputc('"', stdout);
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && byte < 0x7f && c != '"' && c != '\\') {
      std::fputc(c, stdout);
    } else {
      std::printf("\\x%02x", byte);
    }
  }
  std::fputs("\"\n", stdout);
}

}  // namespace

int main() {
  Words words;
  add_commands(words);
  add_options(words);
  add_others(words);
  for (const std::string& word : words) print(word);
  return 0;
}
