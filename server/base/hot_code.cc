// The code of the request path, which programs have in one piece (LARDER_HOT_SOURCES), begins where a page
// does. How it lies among the lines of the first cache is then the same in every program, whatever
// else is linked. Left to chance, that alone makes a request 2 % faster or slower.

// NOLINTNEXTLINE(hicpp-no-assembler): no attribute aligns a section.
asm(".pushsection .text\n"
    ".balign 4096\n"
    ".popsection\n");
