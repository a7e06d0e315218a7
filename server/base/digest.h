// Digests and comparisons for secrets.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace larder {

using Sha256 = std::array<uint8_t, 32>;

Sha256 sha256(std::string_view bytes);

// Takes the same time whether and wherever the two differ.
bool equal_in_constant_time(const Sha256& left, const Sha256& right);

}  // namespace larder
