#include "modules/metrics/page.h"

// The assembler puts the files into the program as they are. CMake says where they lie, and builds
// this again when they change.
asm(R"(
.section .rodata
.balign 16
.globl larder_dashboard_page_begin
.hidden larder_dashboard_page_begin
larder_dashboard_page_begin:
.incbin ")" LARDER_DASHBOARD_FOLDER R"(/dashboard.html"
.globl larder_dashboard_page_end
.hidden larder_dashboard_page_end
larder_dashboard_page_end:
.globl larder_dashboard_policy_begin
.hidden larder_dashboard_policy_begin
larder_dashboard_policy_begin:
.incbin ")" LARDER_DASHBOARD_FOLDER R"(/dashboard.csp"
.globl larder_dashboard_policy_end
.hidden larder_dashboard_policy_end
larder_dashboard_policy_end:
.previous
)");

extern "C" {
extern const char larder_dashboard_page_begin[];
extern const char larder_dashboard_page_end[];
extern const char larder_dashboard_policy_begin[];
extern const char larder_dashboard_policy_end[];
}

namespace larder {

std::string_view dashboard_page() {
  return {larder_dashboard_page_begin, larder_dashboard_page_end};
}

std::string_view dashboard_policy() {
  return {larder_dashboard_policy_begin, larder_dashboard_policy_end};
}

}  // namespace larder
