# What may be absent: Python and Lua. Each that is not found is said once and left out, by turning its option off.
# Leaves Python3_* and Python3::Module, and PkgConfig::LUA54 / PkgConfig::LUA53 with the list SSPI_LUA_VERSIONS (54 53).
set(SSPI_LUA_VERSIONS "")

# Says a thing that is missing, the first time only.
function(sspi_component_missing component sentence)
  if(NOT SSPI_SAID_${component})
    message(NOTICE "sspi: ${sentence}")
    set(SSPI_SAID_${component} ON CACHE INTERNAL "")
  endif()
endfunction()

# The generator of both modules is a Python program.
find_package(Python3 3.11 QUIET COMPONENTS Interpreter OPTIONAL_COMPONENTS Development.Module)
if(NOT Python3_Interpreter_FOUND)
  sspi_component_missing(generator "no Python 3.11 or later: the Python and Lua modules are left out")
  set(SSPI_BUILD_PYTHON OFF)
  set(SSPI_BUILD_LUA OFF)
elseif(SSPI_BUILD_PYTHON AND NOT Python3_Development.Module_FOUND)
  sspi_component_missing(python "no Python headers (Debian: python3-dev): the Python module is left out")
  set(SSPI_BUILD_PYTHON OFF)
endif()

if(SSPI_BUILD_LUA)
  foreach(version 5.4 5.3)
    string(REPLACE "." "" short ${version})
    pkg_check_modules(LUA${short} QUIET IMPORTED_TARGET lua${version})
    if(LUA${short}_FOUND)
      list(APPEND SSPI_LUA_VERSIONS ${short})
    else()
      sspi_component_missing(lua${short}
        "no Lua ${version} headers (Debian: liblua${version}-dev): its Lua module is left out")
    endif()
  endforeach()
  if(NOT SSPI_LUA_VERSIONS)
    set(SSPI_BUILD_LUA OFF)
  endif()
endif()
