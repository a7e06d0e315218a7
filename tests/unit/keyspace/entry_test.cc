#include "server/keyspace/entry.h"

#include <catch2/catch.hpp>

#include <string>

namespace larder {
namespace {

constexpr uint8_t kEmbedded = 1;  // the encoding of bytes that lie in the entry

Entry* create_with_value(std::string_view key, int64_t expiry_ms, std::string_view value) {
  Entry* entry = Entry::create({key, Type::string, kEmbedded, expiry_ms, value.size()});
  std::memcpy(const_cast<char*>(entry->value().data), value.data(), value.size());
  return entry;
}

std::string value_of(const Entry& entry) {
  const ValueView value = entry.value();
  return {value.data, value.size};
}

}  // namespace

TEST_CASE("an entry gives back what was put into it") {
  const size_t key_size = GENERATE(0u, 1u, 16u, 255u, 65'534u, 65'535u, 65'536u, 200'000u);
  const size_t value_size = GENERATE(0u, 1u, 44u, 32'768u, 65'535u);
  const int64_t expiry_ms =
      GENERATE(as<int64_t>{}, kNoExpiry, int64_t{0}, int64_t{1'700'000'000'000}, INT64_MAX);
  const std::string key(key_size, 'k');
  const std::string value(value_size, 'v');
  Entry* entry = create_with_value(key, expiry_ms, value);
  CHECK(entry->key() == key);
  CHECK(entry->type() == Type::string);
  CHECK(entry->value().encoding == kEmbedded);
  CHECK(value_of(*entry) == value);
  CHECK(entry->has_expiry() == (expiry_ms != kNoExpiry));
  CHECK(entry->expiry_ms() == expiry_ms);
  Entry::destroy(entry);
}

TEST_CASE("entries are as small as promised") {
  CHECK(Entry::Shape{std::string(16, 'k'), Type::string, 1, kNoExpiry, 8}.bytes() == 30);
  CHECK(Entry::Shape{std::string(16, 'k'), Type::string, 1, kNoExpiry, 64}.bytes() == 86);
  CHECK(Entry::Shape{std::string(16, 'k'), Type::string, 1, 5, 64}.bytes() == 94);
}

TEST_CASE("a key has expired when its moment has passed") {
  Entry* entry = create_with_value("k", 1000, "v");
  CHECK_FALSE(entry->is_expired(999));
  CHECK_FALSE(entry->is_expired(1000));
  CHECK(entry->is_expired(1001));
  Entry::destroy(entry);
  Entry* lasting = create_with_value("k", kNoExpiry, "v");
  CHECK_FALSE(lasting->is_expired(INT64_MAX));
  Entry::destroy(lasting);
}

TEST_CASE("reshaping keeps the key and the beginning of the value") {
  const size_t key_size = GENERATE(1u, 16u, 70'000u);
  const std::string key(key_size, 'k');
  Entry* entry = create_with_value(key, kNoExpiry, "0123456789");
  std::string expected = "0123456789";
  const int64_t expiries[] = {kNoExpiry, 5, 7, kNoExpiry};
  int64_t step = 0;
  for (const size_t size : std::vector<size_t>{10, 12, 11, 100, 3, 3, 60'000, 1, 0, 9}) {
    const int64_t expiry_ms = expiries[step++ % 4];
    entry = Entry::reshape(entry, Type::string, kEmbedded, expiry_ms, size);
    const size_t kept = std::min(expected.size(), size);
    REQUIRE(entry->key() == key);
    REQUIRE(entry->expiry_ms() == expiry_ms);
    REQUIRE(value_of(*entry).substr(0, kept) == expected.substr(0, kept));
    expected = std::string(size, static_cast<char>('a' + step));
    std::memcpy(const_cast<char*>(entry->value().data), expected.data(), size);
    REQUIRE(value_of(*entry) == expected);
  }
  Entry::destroy(entry);
}

TEST_CASE("renaming keeps the value and the expiry") {
  const size_t old_size = GENERATE(1u, 70'000u);
  const size_t new_size = GENERATE(0u, 16u, 65'535u);
  const int64_t expiry_ms = GENERATE(as<int64_t>{}, kNoExpiry, int64_t{77});
  const std::string new_key(new_size, 'n');
  Entry* entry = create_with_value(std::string(old_size, 'o'), expiry_ms, "value");
  entry = Entry::rename(entry, new_key);
  CHECK(entry->key() == new_key);
  CHECK(entry->expiry_ms() == expiry_ms);
  CHECK(value_of(*entry) == "value");
  CHECK(entry->value().encoding == kEmbedded);
  Entry::destroy(entry);
}

TEST_CASE("a discarded value is nothing until the next reshape") {
  Entry* entry = create_with_value("k", 9, "value");
  entry->discard_value();
  CHECK(entry->value().encoding == kNoValue);
  CHECK(entry->key() == "k");
  entry = Entry::reshape(entry, Type::string, kEmbedded, 9, 2);
  CHECK(entry->value().encoding == kEmbedded);
  CHECK(entry->value().size == 2);
  Entry::destroy(entry);
}

}  // namespace larder
