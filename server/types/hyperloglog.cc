#include "server/types/hyperloglog.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "server/base/errors.h"

namespace larder {
namespace {

constexpr std::string_view kMagic = "HYLL";
constexpr size_t kCountAt = 8;
constexpr char kSparse = 1;
constexpr size_t kLastCountByte = kCountAt + 7;
constexpr unsigned kForgotten = 0x80;

}  // namespace

void HyperLogLog::look_up() const {
  // No number begins with "HYLL": the digits that this would need are never written for one that is
  // valid.
  String::Digits digits;
  bytes_ = string_.bytes(digits);
}

Status HyperLogLog::check() const {
  String::Digits digits;
  const std::string_view all = string_.bytes(digits);
  bool is_valid = false;
  if (all.size() >= kHeaderBytes && std::memcmp(all.data(), kMagic.data(), kMagic.size()) == 0) {
    const char form = all[kFormAt];
    is_valid = form == kSparse || (form == kDense && all.size() == kDenseBytes);
  }
  if (!is_valid) return errors::not_a_hyperloglog();
  bytes_ = all;
  return ok;
}

std::span<char> HyperLogLog::writable(size_t size) {
  return keep(string_.writable(size));
}

std::span<char> HyperLogLog::resize(size_t size) {
  return keep(string_.resize(size));
}

std::span<char> HyperLogLog::keep(std::span<char> bytes) {
  bytes_ = {bytes.data(), bytes.size()};
  return bytes;
}

std::optional<int64_t> HyperLogLog::remembered_count() const {
  const std::string_view all = bytes();
  if ((static_cast<uint8_t>(all[kLastCountByte]) & kForgotten) != 0) return std::nullopt;
  uint64_t count = 0;
  for (size_t i = 8; i-- > 0;) count = count << 8 | static_cast<uint8_t>(all[kCountAt + i]);
  return static_cast<int64_t>(count);
}

Result<int64_t> HyperLogLog::count() const {
  HllHistogram histogram;
  if (is_dense()) {
    histogram.add_dense(registers());
  } else if (!for_each_run(registers(),
                           [&](uint8_t value, size_t run) { histogram.add(value, run); })) {
    return errors::corrupted_hyperloglog();
  }
  return histogram.estimate();
}

Status HyperLogLog::merge_into(HllRegisters& registers) const {
  auto target = registers.begin();
  if (is_dense()) {
    for_each_dense_register(this->registers(), [&](uint8_t value) {
      *target = std::max(*target, value);
      target++;
    });
    return ok;
  }
  const bool is_valid = for_each_run(this->registers(), [&](uint8_t value, size_t run) {
    const auto end = target + static_cast<ptrdiff_t>(run);
    if (value == 0) {
      target = end;
    } else {
      for (; target != end; target++) *target = std::max(*target, value);
    }
  });
  if (!is_valid) return errors::corrupted_hyperloglog();
  return ok;
}

void HyperLogLog::create() {
  const std::span<char> all = writable(kHeaderBytes + 2);
  kMagic.copy(all.data(), kMagic.size());
  all[kFormAt] = kSparse;
  // One run of 16384 zeros.
  all[kHeaderBytes] = 0x7f;
  all[kHeaderBytes + 1] = static_cast<char>(0xff);
}

Result<bool> HyperLogLog::raise(HllObservation observation) {
  const std::string_view all = bytes();
  if (all[kFormAt] == kDense) return raise_dense(all.substr(kHeaderBytes), observation);
  return raise_sparse(all.substr(kHeaderBytes), observation);
}

bool HyperLogLog::raise_dense(std::string_view old, HllObservation observation) {
  if (dense_register(old, observation.index) >= observation.rank) return false;
  set_dense_register(writable().subspan(kHeaderBytes), observation.index, observation.rank);
  return true;
}

Result<bool> HyperLogLog::raise_sparse(std::string_view old, HllObservation observation) {
  const bool fits = observation.rank <= kHllSparseMaxRank;
  HllSplice splice{};
  if (fits) {
    splice = plan_splice(old, observation);
    if (splice.kind == HllSplice::Kind::corrupted) return errors::corrupted_hyperloglog();
    if (splice.kind == HllSplice::Kind::nothing) return false;
  }
  const size_t old_size = old.size();
  const size_t new_size = old_size - splice.old_size + splice.new_size;
  if (!fits ||
      (new_size > old_size && kHeaderBytes + new_size > place_->limits().hll_sparse_max_bytes)) {
    TRY(make_dense());
    return raise_dense(registers(), observation);
  }
  // Room first, for no more than three bytes are added, and what is joined makes room in turn.
  const size_t roomy_size = std::max(old_size, new_size);
  char* opcodes = writable(kHeaderBytes + roomy_size).data() + kHeaderBytes;
  const size_t tail = splice.at + splice.old_size;
  std::memmove(opcodes + splice.at + splice.new_size, opcodes + tail, old_size - tail);
  std::memcpy(opcodes + splice.at, splice.bytes.data(), splice.new_size);
  const size_t joined_size = join_runs({opcodes, new_size}, splice.previous);
  if (joined_size != roomy_size) resize(kHeaderBytes + joined_size);
  return true;
}

Status HyperLogLog::make_dense() {
  if (is_dense()) return ok;
  const auto dense = std::make_unique<std::array<char, kDenseBytes>>();
  std::copy_n(bytes().data(), kHeaderBytes, dense->data());
  (*dense)[kFormAt] = kDense;
  const std::span<char> target = std::span(*dense).subspan(kHeaderBytes);
  size_t index = 0;
  const bool is_valid = for_each_run(registers(), [&](uint8_t value, size_t run) {
    const size_t end = index + run;
    if (value == 0) index = end;
    for (; index < end; index++) set_dense_register(target, index, value);
  });
  if (!is_valid) return errors::corrupted_hyperloglog();
  std::memcpy(resize(kDenseBytes).data(), dense->data(), kDenseBytes);
  return ok;
}

Status HyperLogLog::raise_all(const HllRegisters& registers) {
  for (uint32_t i = 0; i < kHllRegisters; i++) {
    if (is_dense()) {
      raise_dense_registers(writable().subspan(kHeaderBytes), registers);
      return ok;
    }
    while (i < kHllRegisters - 1 && registers[i] == 0) i++;
    if (registers[i] != 0) TRY(raise({i, registers[i]}));
  }
  return ok;
}

void HyperLogLog::remember_count(int64_t count) {
  const std::span<char> all = writable();
  for (size_t i = 0; i < 8; i++) {
    all[kCountAt + i] = static_cast<char>(static_cast<uint64_t>(count) >> (8 * i));
  }
}

void HyperLogLog::forget_count() {
  char& last = writable()[kLastCountByte];
  last = static_cast<char>(static_cast<uint8_t>(last) | kForgotten);
}

}  // namespace larder
