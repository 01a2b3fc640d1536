# What `cmake --install` and the packages put where.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/socketcore)
set(SC_LUA_MODULE_DIR ${CMAKE_INSTALL_LIBDIR}/lua/5.1 CACHE STRING "Where stock Lua 5.1 and LuaJIT look for modules")

install(TARGETS socketcore EXPORT socketcore-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
install(EXPORT socketcore-targets NAMESPACE socketcore:: DESTINATION ${package_dir} COMPONENT dev)
configure_package_config_file(cmake/socketcore-config.cmake.in ${PROJECT_BINARY_DIR}/socketcore-config.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/socketcore-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/socketcore-config.cmake ${PROJECT_BINARY_DIR}/socketcore-config-version.cmake
  DESTINATION ${package_dir} COMPONENT dev)
# Relative, so that the installed tree may be moved.
file(RELATIVE_PATH SC_PREFIX_FROM_PC /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(cmake/socketcore.pc.in ${PROJECT_BINARY_DIR}/socketcore.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/socketcore.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)

install(TARGETS socketcore_runner RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools)
install(TARGETS socketcore_module LIBRARY DESTINATION ${SC_LUA_MODULE_DIR} COMPONENT tools)
install(DIRECTORY lualib DESTINATION ${CMAKE_INSTALL_DATADIR}/socketcore COMPONENT tools)
install(DIRECTORY types DESTINATION ${CMAKE_INSTALL_DATADIR}/socketcore COMPONENT tools)
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT tools)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT tools)
install(FILES README.md README.zh-CN.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT tools)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright COMPONENT tools)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libsocketcore-dev RENAME copyright COMPONENT dev)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME socketcore)
set(CPACK_PACKAGE_CONTACT "the socketcore authors <socketcore@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_TOOLS_DESCRIPTION
  "Runs Lua scripts of cellular IoT modules on Linux\n The runner, the Lua module for lua5.1 and luajit, type stubs and papers.")
set(CPACK_DEBIAN_DEV_DESCRIPTION
  "Engine of socketcore, for C++ programs\n A static library of asynchronous TCP, UDP, TLS and raw sockets, with its headers.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME socketcore)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION net)
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libsocketcore-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libssl-dev, libc-ares-dev")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL tools dev)
include(CPack)
