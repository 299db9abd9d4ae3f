# moe_dependencies(NAME...) makes a target moe_NAME for each of the libraries below: from an
# installed copy; else, on a Debian-like machine, from the distribution's own package, unpacked into
# MOE_DEPENDENCIES_DIR without root; else through FetchContent. Nothing is looked for before it is
# asked for.
include_guard(GLOBAL)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)

set(moe_default ${CMAKE_BINARY_DIR}/moe-dependencies)
if(DEFINED ENV{MOE_DEPENDENCIES_DIR})
    set(moe_default $ENV{MOE_DEPENDENCIES_DIR})
endif()
set(MOE_DEPENDENCIES_DIR ${moe_default} CACHE PATH
    "Where libraries are unpacked that are not installed; several builds may share it")

# What to look for: HEADER and LIBRARIES. Where it is: the PACKAGE of the distribution, or the
# REPOSITORY at TAG, whose own build gives TARGETS or, without them, the headers in FOLDER.
function(moe_facts name)
    cmake_parse_arguments(of "" "HEADER;PACKAGE;REPOSITORY;TAG;FOLDER" "LIBRARIES;TARGETS" ${ARGN})
    foreach(fact IN ITEMS HEADER PACKAGE REPOSITORY TAG FOLDER LIBRARIES TARGETS)
        set_property(GLOBAL PROPERTY moe_${name}_${fact} ${of_${fact}})
    endforeach()
endfunction()

moe_facts(nlohmann_json HEADER nlohmann/json.hpp PACKAGE nlohmann-json3-dev
    REPOSITORY https://github.com/nlohmann/json TAG v3.11.3 FOLDER include)
moe_facts(cli11 HEADER CLI/CLI.hpp PACKAGE libcli11-dev
    REPOSITORY https://github.com/CLIUtils/CLI11 TAG v2.4.2 FOLDER include)
moe_facts(xxhash HEADER xxhash.h PACKAGE libxxhash-dev
    REPOSITORY https://github.com/Cyan4973/xxHash TAG v0.8.2 FOLDER .)
moe_facts(sentencepiece HEADER sentencepiece_trainer.h PACKAGE libsentencepiece-dev
    LIBRARIES sentencepiece_train sentencepiece
    REPOSITORY https://github.com/google/sentencepiece TAG v0.2.0
    TARGETS sentencepiece_train-static sentencepiece-static FOLDER src)
moe_facts(zlib HEADER zlib.h LIBRARIES z PACKAGE zlib1g-dev
    REPOSITORY https://github.com/madler/zlib TAG v1.3.1 TARGETS zlibstatic FOLDER .)
moe_facts(doctest HEADER doctest/doctest.h PACKAGE doctest-dev
    REPOSITORY https://github.com/doctest/doctest TAG v2.4.11 FOLDER .)
moe_facts(benchmark HEADER benchmark/benchmark.h PACKAGE libbenchmark-dev LIBRARIES benchmark
    REPOSITORY https://github.com/google/benchmark TAG v1.8.3 TARGETS benchmark::benchmark)

# Looks in the usual places, then among what was unpacked. Leaves alone what it does not find.
function(moe_use_installed name)
    get_property(header GLOBAL PROPERTY moe_${name}_HEADER)
    get_property(libraries GLOBAL PROPERTY moe_${name}_LIBRARIES)
    set(unpacked ${MOE_DEPENDENCIES_DIR}/usr)
    set(unpacked_libraries ${unpacked}/lib/${CMAKE_LIBRARY_ARCHITECTURE})
    unset(headers)
    find_path(headers ${header} PATHS ${unpacked}/include NO_CACHE)
    string(REGEX REPLACE "/$" "" headers "${headers}")
    set(files)
    foreach(library IN LISTS libraries)
        unset(file)
        find_library(file ${library} PATHS ${unpacked_libraries} ${unpacked}/lib NO_CACHE)
        if(NOT file)
            return()
        endif()
        list(APPEND files ${file})
    endforeach()
    if(NOT headers)
        return()
    endif()
    add_library(moe_${name} INTERFACE)
    target_include_directories(moe_${name} SYSTEM INTERFACE ${headers})
    target_link_libraries(moe_${name} INTERFACE ${files})
    if("${files}" MATCHES "^${unpacked}")
        # Unpacked libraries find each other: the tag is passed on to what they need themselves.
        target_link_options(moe_${name} INTERFACE
            LINKER:--disable-new-dtags,-rpath,${unpacked_libraries})
    endif()
endfunction()

function(moe_fetch name)
    include(FetchContent)
    foreach(fact IN ITEMS REPOSITORY TAG FOLDER TARGETS)
        get_property(${fact} GLOBAL PROPERTY moe_${name}_${fact})
    endforeach()
    message(STATUS "moe: fetching ${name} ${TAG} from ${REPOSITORY}")
    set(headers_only)
    if(NOT TARGETS)
        set(headers_only SOURCE_SUBDIR no_build_of_its_own)
    endif()
    foreach(switch IN ITEMS
            BENCHMARK_ENABLE_TESTING BENCHMARK_ENABLE_INSTALL SPM_ENABLE_SHARED ZLIB_BUILD_EXAMPLES)
        set(${switch} OFF)
    endforeach()
    set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)  # the switches above count
    set(CMAKE_WARN_DEPRECATED OFF)
    FetchContent_Declare(${name} GIT_REPOSITORY ${REPOSITORY} GIT_TAG ${TAG} GIT_SHALLOW ON
        SYSTEM ${headers_only})
    FetchContent_MakeAvailable(${name})
    FetchContent_GetProperties(${name} SOURCE_DIR source BINARY_DIR binary)
    add_library(moe_${name} INTERFACE)
    target_link_libraries(moe_${name} INTERFACE ${TARGETS})
    if(TARGETS)  # nothing of theirs that is not linked
        set_property(DIRECTORY ${source} PROPERTY EXCLUDE_FROM_ALL ON)
    endif()
    if(FOLDER)
        target_include_directories(moe_${name} SYSTEM INTERFACE ${source}/${FOLDER} ${binary})
    endif()
endfunction()

function(moe_dependencies)
    set(packages)
    foreach(name IN LISTS ARGN)
        if(NOT TARGET moe_${name})
            moe_use_installed(${name})
        endif()
        if(NOT TARGET moe_${name})
            get_property(package GLOBAL PROPERTY moe_${name}_PACKAGE)
            list(APPEND packages ${package})
        endif()
    endforeach()
    if(packages)
        moe_unpack_debian_packages(${MOE_DEPENDENCIES_DIR} WITH_DEPENDENCIES ${packages})
    endif()
    foreach(name IN LISTS ARGN)
        if(NOT TARGET moe_${name})
            moe_use_installed(${name})
        endif()
        if(NOT TARGET moe_${name})
            moe_fetch(${name})
        endif()
    endforeach()
endfunction()
