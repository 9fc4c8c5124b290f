# Compiler settings of every target of ours: C11, warnings as errors, hardening, sanitizers.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON) # POSIX and GNU functions of the C library
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_C_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

set(SSPI_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")
option(SSPI_COVERAGE "Instrument for coverage" OFF)

option(SSPI_WERROR "Warnings are errors; off where somebody else's compiler builds a package" ON)

add_library(sspi_flags INTERFACE)
target_compile_definitions(sspi_flags INTERFACE _GNU_SOURCE)
target_compile_options(sspi_flags INTERFACE
  -Wall -Wextra -Wpedantic $<$<BOOL:${SSPI_WERROR}>:-Werror> -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
  -Wwrite-strings -Wpointer-arith -Wcast-align -Wformat=2 -Wundef -Wno-unused-command-line-argument
  -fno-strict-aliasing -fstack-protector-strong)
target_link_options(sspi_flags INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(sspi_flags INTERFACE -fcf-protection=full)
endif()
target_compile_options(sspi_flags INTERFACE -fstack-clash-protection)
if(SSPI_SANITIZE)
  target_compile_options(sspi_flags INTERFACE -fsanitize=${SSPI_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  target_link_options(sspi_flags INTERFACE -fsanitize=${SSPI_SANITIZE})
elseif(CMAKE_BUILD_TYPE MATCHES "Release|RelWithDebInfo")
  target_compile_options(sspi_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
if(SSPI_COVERAGE)
  target_compile_options(sspi_flags INTERFACE --coverage)
  target_link_options(sspi_flags INTERFACE --coverage)
endif()
