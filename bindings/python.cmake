# The CPython module (limited API of 3.11: one file for every later version) and the package around it.
file(GLOB runtime CONFIGURE_DEPENDS ${BINDINGS_RUNTIME}/runtime_python*.c)
Python3_add_library(sspi_python MODULE ${BINDINGS_OUTPUT}/sspi_python.c ${runtime} ${BINDINGS_RUNTIME}/runtime_common.c)
sspi_script_module(sspi_python)
set(package ${CMAKE_BINARY_DIR}/python/sspi)
set_target_properties(sspi_python PROPERTIES OUTPUT_NAME _sspi SUFFIX .abi3.so LIBRARY_OUTPUT_DIRECTORY ${package})

# The package in the build tree, so that it can be imported without an installation.
file(GLOB layer CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/python/src/sspi/*.py ${CMAKE_SOURCE_DIR}/python/src/sspi/py.typed)
set(staged)
foreach(file IN LISTS layer)
  get_filename_component(name ${file} NAME)
  add_custom_command(OUTPUT ${package}/${name} COMMAND ${CMAKE_COMMAND} -E copy ${file} ${package}/${name}
    DEPENDS ${file} COMMENT "" VERBATIM)
  list(APPEND staged ${package}/${name})
endforeach()
foreach(name _sspi.pyi _enums.py)
  add_custom_command(OUTPUT ${package}/${name}
    COMMAND ${CMAKE_COMMAND} -E copy ${BINDINGS_OUTPUT}/${name} ${package}/${name}
    DEPENDS ${BINDINGS_OUTPUT}/${name} COMMENT "" VERBATIM)
  list(APPEND staged ${package}/${name})
endforeach()
add_custom_target(sspi_python_package ALL DEPENDS ${staged})
add_dependencies(sspi_python_package sspi_python)

# Installed beside Debian's own packages; a wheel (SKBUILD) carries libsspi inside.
if(SKBUILD)
  set(destination sspi)
  set_target_properties(sspi_python PROPERTIES INSTALL_RPATH "$ORIGIN")
  install(FILES $<TARGET_FILE:sspi> DESTINATION sspi RENAME $<TARGET_SONAME_FILE_NAME:sspi> COMPONENT python)
else()
  # Below /usr/local, Debian's interpreter looks into a folder of its version; below /usr into one of all versions.
  set(SSPI_PYTHON_INSTALL_DIR "lib/python${Python3_VERSION_MAJOR}.${Python3_VERSION_MINOR}/dist-packages" CACHE STRING
    "Where the Python package goes, below the prefix")
  set(destination ${SSPI_PYTHON_INSTALL_DIR}/sspi)
  file(RELATIVE_PATH up "/${destination}" "/${CMAKE_INSTALL_LIBDIR}")
  set_target_properties(sspi_python PROPERTIES INSTALL_RPATH "$ORIGIN/${up}")
  install(FILES ${layer} DESTINATION ${destination} COMPONENT python)
endif()
install(TARGETS sspi_python LIBRARY DESTINATION ${destination} COMPONENT python)
install(FILES ${BINDINGS_OUTPUT}/_sspi.pyi ${BINDINGS_OUTPUT}/_enums.py DESTINATION ${destination} COMPONENT python)
