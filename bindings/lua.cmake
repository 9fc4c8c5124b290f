# The Lua modules: the same source once for each version whose headers were found, never linked to liblua.
file(GLOB runtime CONFIGURE_DEPENDS ${BINDINGS_RUNTIME}/runtime_lua*.c)
foreach(short IN LISTS SSPI_LUA_VERSIONS)
  string(REGEX REPLACE "^(.)(.)$" "\\1.\\2" version ${short})
  set(target sspi_lua${short})
  add_library(${target} MODULE ${BINDINGS_OUTPUT}/sspi_lua.c ${runtime} ${BINDINGS_RUNTIME}/runtime_common.c)
  sspi_script_module(${target})
  target_include_directories(${target} SYSTEM PRIVATE ${LUA${short}_INCLUDE_DIRS})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME core
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lua/${version}/sspi INSTALL_RPATH "$ORIGIN/../../..")
  install(TARGETS ${target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/lua/${version}/sspi COMPONENT lua)
  install(FILES ${CMAKE_SOURCE_DIR}/lua/sspi.lua DESTINATION ${CMAKE_INSTALL_DATADIR}/lua/${version} COMPONENT lua)
  install(FILES ${CMAKE_SOURCE_DIR}/lua/sspi/context.lua DESTINATION ${CMAKE_INSTALL_DATADIR}/lua/${version}/sspi
    COMPONENT lua)
endforeach()
install(FILES ${BINDINGS_OUTPUT}/sspi_core.d.lua DESTINATION ${CMAKE_INSTALL_DATADIR}/sspi COMPONENT lua)
