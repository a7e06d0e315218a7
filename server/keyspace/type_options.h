// Options of the types: up to which size collections keep their small forms.
#pragma once

#include <limits>

#include "server/config/option.h"
#include "server/types/type_limits.h"

namespace larder {

struct TypeOptions : OptionGroup {
  TypeOptions() : OptionGroup("Encodings") {}

  Option<int> list_max_listpack_size{
      *this,
      "list-max-listpack-size",
      -2,
      {.min = std::numeric_limits<int>::min(),
       .max = std::numeric_limits<int>::max(),
       .aliases = {"list-max-ziplist-size"},
       .help =
           "A list is called a listpack up to this size: a number of elements, or -1 to -5 for 4, "
           "8, 16, 32 or 64 kilobytes."}};
  Option<int64_t> hash_max_listpack_entries{
      *this,
      "hash-max-listpack-entries",
      512,
      {.aliases = {"hash-max-ziplist-entries"},
       .help = "A hash with at most this many fields, none of them or their values longer than the "
               "next "
               "option says, is kept as one run of bytes: smaller, and slower to search."}};
  Option<int64_t> hash_max_listpack_value{*this,
                                          "hash-max-listpack-value",
                                          64,
                                          {.unit = Unit::bytes,
                                           .aliases = {"hash-max-ziplist-value"},
                                           .help = "The longest field or value of such a hash."}};
  Option<int64_t> set_max_intset_entries{
      *this,
      "set-max-intset-entries",
      512,
      {.help = "A set of at most this many integers is kept as a sorted array."}};
  Option<int64_t> set_max_listpack_entries{
      *this,
      "set-max-listpack-entries",
      128,
      {.help = "A set with at most this many members is kept as one run of bytes."}};
  Option<int64_t> set_max_listpack_value{
      *this, "set-max-listpack-value", 64, {.help = "The longest member of such a set."}};
  Option<int64_t> zset_max_listpack_entries{
      *this,
      "zset-max-listpack-entries",
      128,
      {.aliases = {"zset-max-ziplist-entries"},
       .help = "A sorted set with at most this many members is kept as one run of bytes."}};
  Option<int64_t> zset_max_listpack_value{*this,
                                          "zset-max-listpack-value",
                                          64,
                                          {.unit = Unit::bytes,
                                           .aliases = {"zset-max-ziplist-value"},
                                           .help = "The longest member of such a sorted set."}};

  Option<int64_t> hll_sparse_max_bytes{
      *this,
      "hll-sparse-max-bytes",
      3000,
      {.unit = Unit::bytes,
       .help = "A HyperLogLog (PFADD) of at most this size is kept run by run, a larger one as all "
               "of its 16384 registers, which is faster and takes 12 KB."}};

  TypeLimits limits() const {
    TypeLimits limits;
    limits.list_max_listpack_size = *list_max_listpack_size;
    limits.hash_max_listpack_entries = static_cast<size_t>(*hash_max_listpack_entries);
    limits.hash_max_listpack_value = static_cast<size_t>(*hash_max_listpack_value);
    limits.set_max_intset_entries = static_cast<size_t>(*set_max_intset_entries);
    limits.set_max_listpack_entries = static_cast<size_t>(*set_max_listpack_entries);
    limits.set_max_listpack_value = static_cast<size_t>(*set_max_listpack_value);
    limits.zset_max_listpack_entries = static_cast<size_t>(*zset_max_listpack_entries);
    limits.zset_max_listpack_value = static_cast<size_t>(*zset_max_listpack_value);
    limits.hll_sparse_max_bytes = static_cast<size_t>(*hll_sparse_max_bytes);
    return limits;
  }
};

}  // namespace larder
