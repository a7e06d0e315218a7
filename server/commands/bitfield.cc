// BITFIELD: integers of any width at any bit of a string.
#include <algorithm>
#include <vector>

#include "server/base/text.h"
#include "server/command/arg_reader.h"
#include "server/commands/bit_offset.h"
#include "server/commands/families.h"
#include "server/types/bitmap.h"

namespace larder {
namespace {

enum class Action : uint8_t { get, set, increment };

struct FieldOperation {
  Action action;
  FieldOverflow overflow;
  BitField field;
  uint64_t offset;
  int64_t value;  // what to set, or to add
};

// "i8", "u63": a letter and a width.
Result<BitField> read_field_type(std::string_view text) {
  const bool is_signed = text.starts_with('i');
  if (is_signed || text.starts_with('u')) {
    const auto bits = parse_int64(text.substr(1));
    // An unsigned number of 64 bits would not fit into an integer reply.
    if (bits && *bits >= 1 && *bits <= (is_signed ? 64 : 63)) {
      return BitField{is_signed, static_cast<uint8_t>(*bits)};
    }
  }
  return errors::wrong_bit_field_type();
}

Result<FieldOverflow> read_overflow(std::string_view text) {
  if (equals_ignoring_case(text, "WRAP")) return FieldOverflow::wrap;
  if (equals_ignoring_case(text, "SAT")) return FieldOverflow::saturate;
  if (equals_ignoring_case(text, "FAIL")) return FieldOverflow::fail;
  return errors::wrong_bit_field_overflow();
}

// The operations of a request in order.
class FieldOperations {
 public:
  Status read(const Context& ctx) {
    ArgReader args(ctx, 2);
    FieldOverflow overflow = FieldOverflow::wrap;
    while (args.has_more()) {
      // A subcommand with too few arguments is a syntax error, as is one that nobody knows.
      if (args.left() > 2 && args.option("GET")) {
        TRY(read_operation(ctx, args, Action::get, overflow));
      } else if (args.left() > 3 && args.option("SET")) {
        TRY(read_operation(ctx, args, Action::set, overflow));
      } else if (args.left() > 3 && args.option("INCRBY")) {
        TRY(read_operation(ctx, args, Action::increment, overflow));
      } else if (args.left() > 1 && args.option("OVERFLOW")) {
        TRY(overflow, read_overflow(args.text()));
      } else {
        return errors::syntax();
      }
    }
    return ok;
  }

  const std::vector<FieldOperation>& all() const { return operations_; }
  bool changes() const { return changes_; }
  // The highest bit that one of them changes.
  uint64_t last_changed_bit() const { return last_changed_bit_; }

 private:
  Status read_operation(const Context& ctx, ArgReader& args, Action action,
                        FieldOverflow overflow) {
    TRY(const BitField field, read_field_type(args.text()));
    TRY(const uint64_t offset, read_bit_offset(ctx, args.text(), field.bits));
    int64_t value = 0;
    if (action != Action::get) {
      changes_ = true;
      last_changed_bit_ = std::max(last_changed_bit_, offset + field.bits - 1);
      value = args.integer();
    }
    operations_.push_back({action, overflow, field, offset, value});
    return args.status();
  }

  std::vector<FieldOperation> operations_;
  bool changes_ = false;
  uint64_t last_changed_bit_ = 0;
};

// The value that SET or INCRBY leaves in the field; nothing if it would overflow and must not.
std::optional<int64_t> new_value(const FieldOperation& operation, int64_t old_value) {
  __int128 value = operation.value;
  if (operation.action == Action::increment) {
    value += old_value;
  } else if (!operation.field.is_signed) {
    // A negative number is a large one here, and saturates at the top.
    value = static_cast<uint64_t>(operation.value);
  }
  return fit_field(operation.field, value, operation.overflow);
}

Status bitfield_get(Context& ctx, const FieldOperations& operations) {
  TRY(const auto bitmap, ctx.find<Bitmap>(ctx.key(1)));
  ctx.reply.array(operations.all().size());
  for (const FieldOperation& operation : operations.all()) {
    ctx.reply.integer(bitmap ? bitmap->get_field(operation.offset, operation.field) : 0);
  }
  return ok;
}

Status bitfield_change(Context& ctx, const FieldOperations& operations) {
  TRY(auto bitmap, ctx.edit_or_create<Bitmap>(ctx.key(1)));
  // The string grows even if all operations fail in the end, as in Redis; unlike there, it is told.
  bool has_changed = bitmap->reach(operations.last_changed_bit());
  ctx.reply.array(operations.all().size());
  for (const FieldOperation& operation : operations.all()) {
    const int64_t old_value = bitmap->get_field(operation.offset, operation.field);
    if (operation.action == Action::get) {
      ctx.reply.integer(old_value);
    } else if (const auto value = new_value(operation, old_value)) {
      has_changed |= bitmap->set_field(operation.offset, operation.field, *value);
      ctx.reply.integer(operation.action == Action::set ? old_value : *value);
    } else {
      ctx.reply.null();
    }
  }
  bitmap.commit("setbit", has_changed ? 1 : 0);
  return ok;
}

// BITFIELD key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET ... | INCRBY ...> ...]
Status bitfield(Context& ctx) {
  FieldOperations operations;
  TRY(operations.read(ctx));
  return operations.changes() ? bitfield_change(ctx, operations) : bitfield_get(ctx, operations);
}

// BITFIELD_RO key [GET encoding offset [GET encoding offset ...]]
Status bitfield_ro(Context& ctx) {
  FieldOperations operations;
  TRY(operations.read(ctx));
  if (operations.changes()) return errors::bit_field_is_read_only();
  return bitfield_get(ctx, operations);
}

// With GET alone it only reads. What is no valid request may be anything.
bool find_bitfield_keys(std::span<const std::string_view> arguments,
                        std::vector<KeyPosition>& positions) {
  size_t at = 2;
  while (at < arguments.size()) {
    const size_t values = arguments.size() - at - 1;
    if (equals_ignoring_case(arguments[at], "GET") && values >= 2) {
      at += 3;
    } else if (equals_ignoring_case(arguments[at], "OVERFLOW") && values >= 1) {
      at += 2;
    } else {
      break;
    }
  }
  positions.push_back({1, at >= arguments.size() ? kGet : kGetModify});
  return true;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"bitfield", bitfield, -2, kWrite | kDenyOom, one_key(1, kGetModify | kVariableFlags), "3.2.0",
     "O(1) for each subcommand",
     "key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value | "
     "INCRBY encoding offset increment> [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] "
     "<SET encoding offset value | INCRBY encoding offset increment> ...]]",
     "Reads and changes integers of any width at any bit of a string.",
     {},
     {},
     find_bitfield_keys},
    {"bitfield_ro", bitfield_ro, -2, kRead | kFast, one_key(1, kGet), "6.0.0",
     "O(1) for each subcommand", "key [GET encoding offset [GET encoding offset ...]]",
     "Reads integers of any width at any bit of a string."},
};

}  // namespace

CommandFamily bitfield_commands() {
  return {"bitmap", kCommands};
}

}  // namespace larder
