# cmake --install, and what find_package(moe) finds afterwards. Nothing in it depends on the
# machine.
include(CMakePackageConfigHelpers)
set(moe_package share/cmake/moe)
install(TARGETS moe EXPORT moeTargets FILE_SET HEADERS DESTINATION include)
install(EXPORT moeTargets NAMESPACE moe:: DESTINATION ${moe_package})
install(FILES cmake/rooms.cmake cmake/debian.cmake cmake/dependencies.cmake cmake/mpi.cmake
    cmake/add_trainer.cmake
    DESTINATION ${moe_package})
configure_package_config_file(cmake/moeConfig.cmake.in ${PROJECT_BINARY_DIR}/moeConfig.cmake
    INSTALL_DESTINATION ${moe_package} NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/moeConfigVersion.cmake
    COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/moeConfig.cmake ${PROJECT_BINARY_DIR}/moeConfigVersion.cmake
    DESTINATION ${moe_package})
