// DEBUG: a look at keys as they are kept, and many of them at once.
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

#include "server/base/digest.h"
#include "server/base/numbers.h"
#include "server/command/arg_reader.h"
#include "server/commands/debug.h"
#include "server/types/hash.h"
#include "server/types/list.h"
#include "server/types/set.h"
#include "server/types/sorted_set.h"
#include "server/types/stream.h"
#include "server/types/string.h"

namespace larder {
namespace {

// --- OBJECT ---

// The length of a string in an RDB file without compression: a number is kept in 1, 2 or 4 bytes
// where it fits, and everything else has its length in 1, 2 or 5 bytes in front.
size_t serialized_length(const String& string) {
  if (const auto number = string.integer()) {
    if (*number >= INT8_MIN && *number <= INT8_MAX) return 2;
    if (*number >= INT16_MIN && *number <= INT16_MAX) return 3;
    if (*number >= INT32_MIN && *number <= INT32_MAX) return 5;
  }
  const size_t length = string.length();
  return length + (length < 64 ? 1 : length < 16384 ? 2 : 5);
}

// DEBUG OBJECT key. Sees keys whose time is over as well.
Status object(Context& ctx) {
  const Database::Slot* slot = ctx.database().find(ctx.key(2));
  if (slot == nullptr) return errors::no_such_key();
  const Entry& entry = *slot->get();
  const int64_t idle_seconds = ctx.keyspace.usage.idle_seconds(slot->bits());
  const int64_t clock = (ctx.now_ms() / 1000 - idle_seconds) & 0xffffff;
  const std::string encoding(encoding_name(entry.value()));
  const size_t length = entry.type() == Type::string ? serialized_length(String(entry.value())) : 0;
  std::array<char, 200> text;
  std::snprintf(text.data(), text.size(),
                "Value at:%p refcount:1 encoding:%s serializedlength:%zu lru:%lld "
                "lru_seconds_idle:%lld",
                static_cast<const void*>(&entry), encoding.c_str(), length,
                static_cast<long long>(clock), static_cast<long long>(idle_seconds));
  ctx.reply.simple(text.data());
  return ok;
}

// --- POPULATE ---

// Beyond this no machine has the memory, and the loop would not end.
constexpr int64_t kMaxPopulation = int64_t{1} << 32;

Result<int64_t> read_count(std::string_view text) {
  const auto count = parse_int64(text);
  if (!count || *count < 0) return errors::must_be_positive();
  return *count;
}

// DEBUG POPULATE count [prefix] [size]. Keys that are there stay as they are.
Status populate(Context& ctx) {
  TRY(const int64_t count, read_count(ctx.arg(2)));
  if (count > kMaxPopulation) return errors::table_too_large();
  const std::string prefix(ctx.argc() > 3 ? ctx.arg(3) : "key");
  int64_t size = 0;
  if (ctx.argc() > 4) {
    TRY(size, read_count(ctx.arg(4)));
  }
  if (static_cast<size_t>(size) > ctx.services.limits.max_bulk_bytes) {
    return errors::string_exceeds_limit();
  }
  for (int64_t i = 0; i < count; i++) {
    const std::string name = prefix + ":" + to_text(i);
    const Key key = make_key(name);
    if (ctx.find_entry(key, Lookup::silent) != nullptr) continue;
    std::string value = "value:" + to_text(i);
    if (size > 0) value.resize(static_cast<size_t>(size), '\0');
    auto string = ctx.edit_or_create<String>(key);
    string.value()->assign(value);
    string.value().commit("set");
  }
  ctx.reply.ok();
  return ok;
}

// --- DIGEST ---

// 160 bits, because that is what whoever compares digests of Redis expects; they can be compared
// among servers of ours only.
using ShortDigest = std::array<uint8_t, 20>;

// The order of keys does not count, so their digests are combined by exclusive or.
void add(ShortDigest& sum, std::string_view bytes) {
  const Sha256 digest = sha256(bytes);
  for (size_t i = 0; i < sum.size(); i++) sum[i] = static_cast<uint8_t>(sum[i] ^ digest[i]);
}

// An element with its length in front, so that no two sequences of elements read the same.
void add_element(std::string& text, std::string_view bytes) {
  text.append(to_text(static_cast<int64_t>(bytes.size()))).append(":").append(bytes);
}
void add_element(std::string& text, const PackedEntry& element) {
  PackedEntry::Digits digits;
  add_element(text, element.text(digits));
}

void add_list(std::string& text, const List& list) {
  list.visit(0, list.size(), [&](const PackedEntry& element) {
    add_element(text, element);
    return true;
  });
}

// The order of members and fields does not count.
void add_set(std::string& text, const Set& set) {
  ShortDigest sum{};
  uint64_t position = 0;
  do {
    position = set.scan(position, [&](const PackedEntry& member) {
      std::string member_text;
      add_element(member_text, member);
      add(sum, member_text);
    });
  } while (position != 0);
  text.append(sum.begin(), sum.end());
}

void add_sorted_set(std::string& text, const SortedSet& set) {
  set.visit(set.all(), [&](std::string_view member, double score) {
    add_element(text, member);
    add_element(text, format_double(score));
    return true;
  });
}

// Whether fields end counts, and not when.
void add_hash(std::string& text, const Hash& hash) {
  ShortDigest sum{};
  hash.visit(INT64_MIN, [&](const HashField& field) {
    std::string field_text(field.ends() ? "!" : ".");
    add_element(field_text, field.name());
    add_element(field_text, field.value());
    add(sum, field_text);
    return true;
  });
  text.append(sum.begin(), sum.end());
}

void add_stream(std::string& text, const StreamLog& log) {
  add_element(text, log.last_id().to_string());
  add_element(text, log.max_deleted_id().to_string());
  add_element(text, to_text(static_cast<int64_t>(log.entries_added())));
  StreamEntry entry;
  for (StreamCursor cursor(log, {}, StreamId::max()); cursor.next(entry);) {
    add_element(text, entry.id.to_string());
    entry.for_each([&](PackedEntry field, PackedEntry value) {
      add_element(text, field);
      add_element(text, value);
    });
  }
  for (const auto& [name, group] : log.groups()) {
    add_element(text, name);
    add_element(text, group.last_id.to_string());
    const auto& pending = group.pending();
    for (auto at = pending.begin(); at != pending.end(); at = pending.next(at)) {
      add_element(text, pending[at].id.to_string());
      add_element(text, pending[at].consumer->name);
      add_element(text, to_text(pending[at].delivered_ms));
      add_element(text, to_text(static_cast<int64_t>(pending[at].deliveries)));
    }
  }
}

// What makes two values equal: type, content, and whether they expire.
std::string canonical(const Entry& entry) {
  std::string text(type_name(entry.type()));
  text += entry.has_expiry() ? "!" : ".";
  const ValueView value = entry.value();
  String::Digits digits;
  switch (value.type) {
    case Type::string:
      text += String(value).bytes(digits);
      break;
    case Type::list:
      add_list(text, List(value));
      break;
    case Type::set:
      add_set(text, Set(value));
      break;
    case Type::sorted_set:
      add_sorted_set(text, SortedSet(value));
      break;
    case Type::hash:
      add_hash(text, Hash(value));
      break;
    case Type::stream:
      add_stream(text, Stream(value).log());
      break;
  }
  return text;
}

std::string hexadecimal(const ShortDigest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

void add_database(ShortDigest& sum, const Database& database, size_t index) {
  uint64_t position = 0;
  do {
    position = database.visit_segment(position, [&](const Entry& entry) {
      add(sum, to_text(static_cast<int64_t>(index)) + ':' +
                   to_text(static_cast<int64_t>(entry.key().size())) + ':' +
                   std::string(entry.key()) + canonical(entry));
    });
  } while (position != 0);
}

// DEBUG DIGEST
Status digest(Context& ctx) {
  ShortDigest sum{};
  for (size_t i = 0; i < ctx.keyspace.database_count(); i++) {
    add_database(sum, ctx.keyspace.database(i), i);
  }
  ctx.reply.simple(hexadecimal(sum));
  return ok;
}

// DEBUG DIGEST-VALUE [key ...]. A missing key has a digest of zeros.
Status digest_value(Context& ctx) {
  ctx.reply.array(ctx.argc() - 2);
  for (size_t i = 2; i < ctx.argc(); i++) {
    ShortDigest sum{};
    const Database::Slot* slot = ctx.database().find(ctx.key(i));
    if (slot != nullptr) add(sum, canonical(*slot->get()));
    ctx.reply.simple(hexadecimal(sum));
  }
  return ok;
}

// --- HTSTATS ---

// DEBUG HTSTATS database [full]
Status htstats(Context& ctx) {
  const auto index = parse_int64(ctx.arg(2));
  if (!index) return errors::not_an_integer();
  if (*index < 0 || static_cast<size_t>(*index) >= ctx.keyspace.database_count()) {
    return errors::database_out_of_range();
  }
  const Database& database = ctx.keyspace.database(static_cast<size_t>(*index));
  const size_t slots = std::max<size_t>(database.slot_count(), 1);
  std::array<char, 400> text;
  const int length =
      std::snprintf(text.data(), text.size(),
                    "[Dictionary HT]\n keys: %zu\n slots: %zu\n slots in use: %.1f%%\n bytes: %zu\n"
                    "[Expires HT]\n keys: %zu\n mean time to live, ms: %lld\n bytes: %zu\n",
                    database.size(), database.slot_count(),
                    100 * static_cast<double>(database.size()) / static_cast<double>(slots),
                    database.table_memory(), database.expiring(),
                    static_cast<long long>(database.average_ttl_ms()), database.expiry_memory());
  ctx.reply.verbatim("txt", std::string_view(text.data(), static_cast<size_t>(length)));
  return ok;
}

constexpr DebugCommand kCommands[] = {
    {"object", 3, 3, object},   {"populate", 3, 5, populate},
    {"digest", 2, 2, digest},   {"digest-value", 2, SIZE_MAX, digest_value},
    {"htstats", 3, 4, htstats},
};

}  // namespace

std::span<const DebugCommand> debug_data_commands() {
  return kCommands;
}

}  // namespace larder
