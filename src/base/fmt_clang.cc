// Clang and GCC, which built the library, mangle this one function's parameters differently.
// Clang's builds (fuzzers, sanitizers) call the library's; an instance of Clang 14 itself rounds
// doubles.
#ifdef __clang__
#include <fmt/core.h>

void FormatAsBuiltByGcc(fmt::detail::buffer<char>&, fmt::string_view, fmt::format_args, fmt::detail::locale_ref) __asm__(
    "_ZN3fmt2v96detail10vformat_toIcEEvRNS1_6bufferIT_EENS0_17basic_string_viewIS4_EENS0_"
    "17basic_format_argsINS0_20basic_format_contextINSt11conditionalIXsrSt7is_sameINS0_"
    "13type_identityIS4_E4typeEcE5valueENS0_8appenderESt20back_insert_iteratorINS3_ISF_"
    "EEEE4typeESF_EEEENS1_10locale_refE");

template <>
void fmt::detail::vformat_to<char>(fmt::detail::buffer<char>& out, fmt::string_view text,
                                   fmt::format_args arguments, fmt::detail::locale_ref locale) {
  FormatAsBuiltByGcc(out, text, arguments, locale);
}
#endif
