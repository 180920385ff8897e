# graft_room(NAME SOURCES ... LINK ... [TORCH] [ALONE]): a room is a static library graft_<name>.
# graft_test(NAME SOURCES ... LINK ... [TORCH] [ALONE]): one test program a room, its cases registered with ctest by name;
#   ALONE: its files have names of their own in common and are compiled one by one.

# graft_list(OUT FILE MACRO): the names in a .def list, of its lines MACRO(name); another list configures anew.
function(graft_list out file macro)
  get_filename_component(list ${file} ABSOLUTE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${list})
  file(STRINGS ${list} names REGEX "^${macro}\\(")
  list(TRANSFORM names REPLACE "^${macro}\\(([a-z0-9_]+)\\).*" "\\1")
  set(${out} ${names} PARENT_SCOPE)
endfunction()

add_library(graft_options INTERFACE)
target_include_directories(graft_options INTERFACE $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/src>)
target_compile_options(graft_options INTERFACE $<BUILD_INTERFACE:-Wall;-Wextra;-Wpedantic;-Werror=return-type;-fpch-preprocess>)
if(GRAFT_SANITIZE)
  target_compile_options(graft_options INTERFACE -fsanitize=${GRAFT_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(graft_options INTERFACE -fsanitize=${GRAFT_SANITIZE})
endif()
# The thread sanitizer sees neither the fences in libtorch's counts of references, of which GCC warns in each file, nor
# how the threads of OpenMP wait for each other: the test preset `tsan` gives OpenMP one thread, and the tests start their own.
if(GRAFT_SANITIZE MATCHES thread)
  target_compile_options(graft_options INTERFACE -Wno-tsan)
endif()

# One precompiled header serves every room and test that uses libtorch. It holds tensors and autograd functions, not
# <torch/torch.h>: with that an empty file takes 10 s (the templates of all of libtorch are instantiated in each), with
# these 3 s.
if(NOT EXISTS ${CMAKE_BINARY_DIR}/graft_pch.cpp)  # a newer one would have everything compiled anew
  file(WRITE ${CMAKE_BINARY_DIR}/graft_pch.cpp "")
endif()
add_library(graft_pch STATIC ${CMAKE_BINARY_DIR}/graft_pch.cpp)
target_link_libraries(graft_pch PRIVATE graft_options graft_torch fmt::fmt)  # the same definitions as in the rooms
target_precompile_headers(graft_pch PRIVATE <torch/types.h> <torch/csrc/autograd/custom_function.h> <fmt/format.h>)

# The headers cost more than the code: a room's files are compiled eight at a time (from nothing in half the time). Off in
# the preset `dev`, where one file is changed at a time.
option(GRAFT_UNITY "compile the files of a room several at a time" ON)
function(graft_unity target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${GRAFT_UNITY} UNITY_BUILD_BATCH_SIZE 8)
endfunction()

function(graft_room name)
  cmake_parse_arguments(ROOM "TORCH;ALONE" "" "SOURCES;LINK" ${ARGN})
  add_library(graft_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(graft_${name} PUBLIC graft_options fmt::fmt ${ROOM_LINK})
  if(ROOM_TORCH)
    target_link_libraries(graft_${name} PUBLIC graft_torch)
    target_precompile_headers(graft_${name} REUSE_FROM graft_pch)
  endif()
  if(NOT ROOM_ALONE)
    graft_unity(graft_${name})
  endif()
  set_property(GLOBAL APPEND PROPERTY GRAFT_ROOMS graft_${name})
endfunction()

function(graft_test name)
  cmake_parse_arguments(TEST "TORCH;SLOW;ALONE" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name}_test ${TEST_SOURCES})
  target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name}_test PRIVATE ${TEST_LINK} graft_source_dir GTest::gmock GTest::gtest_main)
  if(TEST_TORCH)
    target_precompile_headers(${name}_test REUSE_FROM graft_pch)
    target_sources(${name}_test PRIVATE $<TARGET_OBJECTS:graft_test_seed>)
  endif()
  if(NOT TEST_ALONE)
    graft_unity(${name}_test)
  endif()
  set(label fast)
  if(TEST_SLOW)
    set(label slow)
  endif()
  gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${label} TIMEOUT 600 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endfunction()
