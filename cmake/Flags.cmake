# Warnings, hardening and sanitizers for all targets of the tree.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor)
if(SC_WARNINGS_AS_ERRORS)
  add_compile_options(-Werror)
endif()

include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)  # else CMake asks for position-independent code, but not for -pie

if(SC_COVERAGE)
  add_link_options(--coverage)
endif()

if(SC_SANITIZE)
  # Not vptr: it looks into memory through a descriptor, and takes a test without descriptors for a broken object.
  add_compile_options(-fsanitize=${SC_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SC_SANITIZE})
else()
  add_compile_options(-fstack-protector-strong)
  add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
endif()

# The rest of what docs/security.md lists. tests/tree/hardening.py looks for all of it in what was built.
if(CMAKE_BUILD_TYPE MATCHES "Rel" AND NOT SC_SANITIZE)
  include(CheckCXXCompilerFlag)
  foreach(flag IN ITEMS -fstack-clash-protection -fcf-protection=full -mbranch-protection=standard)
    string(MAKE_C_IDENTIFIER "SC_HAS${flag}" known)
    check_cxx_compiler_flag(${flag} ${known})  # the last two are for one kind of processor each
    if(${known})
      add_compile_options(${flag})
    endif()
  endforeach()
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)  # means nothing without optimisation
endif()
