// The page, which is part of the program.
#pragma once

#include <string_view>

namespace larder {

// page/dist/dashboard.html
std::string_view dashboard_page();
// The value of its Content-Security-Policy, which names the page's own script and style by their
// hashes.
std::string_view dashboard_policy();

}  // namespace larder
