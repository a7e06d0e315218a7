// What a test has to know of the build that it belongs to: where its bounds and sizes differ.
#pragma once

namespace larder {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kHasSanitizers = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool kHasSanitizers = true;
#else
inline constexpr bool kHasSanitizers = false;
#endif
#else
inline constexpr bool kHasSanitizers = false;
#endif

}  // namespace larder
