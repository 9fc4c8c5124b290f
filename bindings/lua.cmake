# The Lua modules: the same source once for each version whose headers were found, never linked to liblua.
# A rock (lua/sspi-scm-1.rockspec) is for one version, SSPI_LUA_ROCK, goes where LuaRocks says, and carries libsspi along.
file(GLOB runtime CONFIGURE_DEPENDS ${BINDINGS_RUNTIME}/runtime_lua*.c)
foreach(short IN LISTS SSPI_LUA_VERSIONS)
  string(REGEX REPLACE "^(.)(.)$" "\\1.\\2" version ${short})
  set(target sspi_lua${short})
  add_library(${target} MODULE ${BINDINGS_OUTPUT}/sspi_lua.c ${runtime} ${BINDINGS_RUNTIME}/runtime_common.c)
  sspi_script_module(${target})
  target_include_directories(${target} SYSTEM PRIVATE ${LUA${short}_INCLUDE_DIRS})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME core
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lua/${version}/sspi)
  set(modules ${CMAKE_INSTALL_LIBDIR}/lua/${version})
  set(sources ${CMAKE_INSTALL_DATADIR}/lua/${version})
  set(component lua)
  set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN/../../..")
  if(SSPI_LUA_ROCK AND NOT version STREQUAL SSPI_LUA_ROCK)
    continue()
  elseif(SSPI_LUA_ROCK)
    set(modules ${SSPI_LUA_ROCK_MODULES})
    set(sources ${SSPI_LUA_ROCK_SOURCES})
    set(component rock)
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN")
    install(FILES $<TARGET_FILE:sspi> DESTINATION ${modules}/sspi RENAME $<TARGET_SONAME_FILE_NAME:sspi>
      COMPONENT rock)
  endif()
  install(TARGETS ${target} LIBRARY DESTINATION ${modules}/sspi COMPONENT ${component})
  install(FILES ${CMAKE_SOURCE_DIR}/lua/sspi.lua DESTINATION ${sources} COMPONENT ${component})
  install(FILES ${CMAKE_SOURCE_DIR}/lua/sspi/context.lua ${CMAKE_SOURCE_DIR}/lua/sspi/sasl.lua
    ${CMAKE_SOURCE_DIR}/lua/sspi/tls.lua ${CMAKE_SOURCE_DIR}/lua/sspi/tls_cqueues.lua
    DESTINATION ${sources}/sspi COMPONENT ${component})
endforeach()
install(FILES ${BINDINGS_OUTPUT}/sspi_core.d.lua ${CMAKE_SOURCE_DIR}/lua/sspi.d.lua DESTINATION ${CMAKE_INSTALL_DATADIR}/sspi COMPONENT lua)
