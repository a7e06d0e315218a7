// Up to which size collections keep their small forms: Redis's options of the same names, whose defaults
// these are. OBJECT ENCODING's answers follow them, because test suites and tools look at those.
#pragma once

#include <cstddef>
#include <cstdint>

namespace larder {

struct TypeLimits {
  // Positive: entries; -1 to -5: bytes, 4, 8, 16, 32 or 64 KB.
  int list_max_listpack_size = -2;
  size_t hash_max_listpack_entries = 512;
  size_t hash_max_listpack_value = 64;  // bytes of a field or value
  size_t set_max_intset_entries = 512;
  size_t set_max_listpack_entries = 128;
  size_t set_max_listpack_value = 64;
  size_t zset_max_listpack_entries = 128;
  size_t zset_max_listpack_value = 64;
  size_t stream_node_max_bytes = 4096;  // 0: no limit
  size_t stream_node_max_entries = 100;
  size_t hll_sparse_max_bytes = 3000;
};

}  // namespace larder
