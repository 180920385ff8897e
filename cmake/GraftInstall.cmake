# cmake --install gives bin/graft, the libraries, headers and assets, and a package that find_package(graft) finds.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

get_property(rooms GLOBAL PROPERTY GRAFT_ROOMS)
add_library(graft_library INTERFACE)
set_target_properties(graft_library PROPERTIES EXPORT_NAME graft)
target_link_libraries(graft_library INTERFACE ${rooms})
target_include_directories(graft_options INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

install(TARGETS graft_library graft_options graft_torch ${rooms} EXPORT graft_targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT graft_targets FILE graft-targets.cmake NAMESPACE graft:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/graft)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/src/graft DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h" PATTERN "*.def")
install(DIRECTORY ${CMAKE_SOURCE_DIR}/assets/ DESTINATION ${CMAKE_INSTALL_DATADIR}/graft)
if(TARGET graft)
  set_target_properties(graft PROPERTIES INSTALL_RPATH ${GRAFT_TORCH}/lib)  # the libtorch that it was built with
  install(TARGETS graft RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/graft-config.cmake.in ${CMAKE_BINARY_DIR}/graft-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/graft)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/graft-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/graft-config.cmake ${CMAKE_BINARY_DIR}/graft-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/graft)
