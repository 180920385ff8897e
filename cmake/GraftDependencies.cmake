# The libraries graft stands on: all from Debian but libtorch, which comes from the PyPI wheel in .venv, or from the
# installation that GRAFT_TORCH names (the folder that holds share/cmake/Torch).
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(simdjson REQUIRED)
find_package(pugixml REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(ZLIB REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(webp REQUIRED IMPORTED_TARGET libwebp libwebpdemux)
pkg_check_modules(ffmpeg REQUIRED IMPORTED_TARGET libavformat libavcodec libavutil libswscale)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(pcre2 REQUIRED IMPORTED_TARGET libpcre2-8)

if(DEFINED ENV{GRAFT_TORCH} AND NOT DEFINED GRAFT_TORCH)
  set(GRAFT_TORCH $ENV{GRAFT_TORCH})
endif()
if(NOT GRAFT_TORCH)
  file(GLOB torch_in_venv ${CMAKE_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch)
  set(GRAFT_TORCH "${torch_in_venv}")
endif()
set(GRAFT_TORCH "${GRAFT_TORCH}" CACHE PATH "libtorch: the folder that holds share/cmake/Torch" FORCE)
if(NOT EXISTS ${GRAFT_TORCH}/share/cmake/Torch)
  message(FATAL_ERROR "No libtorch at '${GRAFT_TORCH}'. Run ./dev setup, or name an installation with GRAFT_TORCH.")
endif()
find_package(Torch REQUIRED PATHS ${GRAFT_TORCH} NO_DEFAULT_PATH)

# Torch's own interface target carries its flags globally; ours keeps them to the rooms that ask.
add_library(graft_torch INTERFACE)
target_include_directories(graft_torch SYSTEM INTERFACE
  "$<BUILD_INTERFACE:${TORCH_INCLUDE_DIRS}>")  # a list: without quotes only its ends are inside
target_link_libraries(graft_torch INTERFACE torch)
# at::parallel_for is a template with an OpenMP pragma in it: without the flag it runs on one thread and says nothing.
target_compile_options(graft_torch INTERFACE -fopenmp)
target_link_options(graft_torch INTERFACE -fopenmp)
# libtorch ships the headers of its own fmt but not its library, and they come first in the rooms that use libtorch.
target_compile_definitions(graft_torch INTERFACE FMT_HEADER_ONLY)
