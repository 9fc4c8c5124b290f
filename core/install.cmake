# What `cmake --install` lays down: the library, headers flat in include/sspi, two pkg-config files, a CMake package.
set(sspi_headers ${CMAKE_INSTALL_INCLUDEDIR}/sspi)
install(TARGETS sspi EXPORT sspi-targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/include/*.h)
file(GLOB compat CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/include/compat/*.h)
install(FILES ${headers} DESTINATION ${sspi_headers})
install(FILES ${compat} DESTINATION ${sspi_headers}/compat)

# The prefix is found from where the file lies, so that an installed tree may be moved.
file(RELATIVE_PATH up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
function(sspi_pkgconfig name description requires cflags libs)
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc @ONLY CONTENT
"prefix=\${pcfiledir}/@up@
libdir=\${prefix}/@CMAKE_INSTALL_LIBDIR@
includedir=\${prefix}/@sspi_headers@

Name: @name@
Description: @description@
Version: @PROJECT_VERSION@
Requires: @requires@
Cflags: @cflags@
Libs: @libs@
")
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
sspi_pkgconfig(sspi "Security Support Provider Interface" "" "-I\${includedir}" "-L\${libdir} -lsspi")
sspi_pkgconfig(sspi-windows "The same, with a small windows.h for unchanged Windows sources" "sspi"
  "-I\${includedir}/compat" "")

install(EXPORT sspi-targets NAMESPACE sspi:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/sspi)
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/sspi-config.cmake.in
  "@PACKAGE_INIT@\ninclude(\${CMAKE_CURRENT_LIST_DIR}/sspi-targets.cmake)\ncheck_required_components(sspi)\n")
configure_package_config_file(${CMAKE_CURRENT_BINARY_DIR}/sspi-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/sspi-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/sspi)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/sspi-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/sspi-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/sspi-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/sspi)
