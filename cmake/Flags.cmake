# Warnings, hardening and sanitizers for all targets of the tree.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor)
if(SC_WARNINGS_AS_ERRORS)
  add_compile_options(-Werror)
endif()

if(SC_SANITIZE)
  # Not vptr: it looks into memory through a descriptor, and takes a test without descriptors for a broken object.
  add_compile_options(-fsanitize=${SC_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SC_SANITIZE})
else()
  add_compile_options(-fstack-protector-strong)
  if(CMAKE_BUILD_TYPE MATCHES "Rel")
    add_compile_options(-D_FORTIFY_SOURCE=2)
  endif()
  add_link_options(-Wl,-z,relro,-z,now)
endif()
