# moe_add_trainer(NAME header.hpp): an executable NAME, in the current binary folder, from the
# recipe 'struct NAME' that the header defines. One translation unit, one instantiation.
include_guard(GLOBAL)
include(${CMAKE_CURRENT_LIST_DIR}/mpi.cmake)

set(MOE_ARCH native CACHE STRING
    "Instruction set of trainers, as in -march=; empty: what the compiler takes by default")

# A trainer is for the machine that builds it, and fast unless a debugger is wanted. GCC 12 takes
# joined strings for overlapping ones (its bug 105651).
function(moe_for_this_machine target)
    target_compile_options(${target} PRIVATE
        $<$<NOT:$<CONFIG:Debug>>:-O3> $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
    if(MOE_ARCH)
        target_compile_options(${target} PRIVATE -march=${MOE_ARCH})
    endif()
endfunction()

# A property: a variable would not be seen from the project that includes this one.
set_property(GLOBAL PROPERTY MOE_PARTS_NEED nlohmann_json cli11 xxhash sentencepiece zlib)

# moe::parts: what stands in *.part.hpp is compiled once, one part a translation unit, and needs
# the libraries that no trainer's own translation unit includes.
function(moe_add_parts)
    if(TARGET moe_parts)
        return()
    endif()
    get_property(needed GLOBAL PROPERTY MOE_PARTS_NEED)
    moe_dependencies(${needed})
    get_property(include GLOBAL PROPERTY MOE_INCLUDE_DIR)
    file(GLOB parts RELATIVE ${include} CONFIGURE_DEPENDS
        ${include}/moe/comm/*.part.hpp ${include}/moe/io/*.part.hpp ${include}/moe/train/*.part.hpp
        ${include}/moe/app/*.part.hpp)
    set(sources)
    foreach(part IN LISTS parts)
        string(REPLACE .part.hpp .cpp source ${CMAKE_CURRENT_BINARY_DIR}/moe-parts/${part})
        file(CONFIGURE OUTPUT ${source} CONTENT "#include <${part}>\n" @ONLY)
        list(APPEND sources ${source})
    endforeach()
    add_library(moe_parts STATIC EXCLUDE_FROM_ALL ${sources})
    add_library(moe::parts ALIAS moe_parts)
    list(TRANSFORM needed PREPEND moe_ OUTPUT_VARIABLE libraries)
    target_link_libraries(moe_parts PUBLIC moe::moe PRIVATE ${libraries})
    target_compile_definitions(moe_parts PRIVATE MOE_HAS_SENTENCEPIECE MOE_HAS_ZLIB)
    moe_find_mpi()
    if(TARGET moe_mpi)
        target_link_libraries(moe_parts PRIVATE moe_mpi)
        target_compile_definitions(moe_parts PRIVATE MOE_HAS_MPI)
    endif()
    moe_for_this_machine(moe_parts)
    # Files and words, nothing hot: a third less to wait for.
    target_compile_options(moe_parts PRIVATE $<$<NOT:$<CONFIG:Debug>>:-O1>)
endfunction()

function(moe_add_trainer name header)
    moe_add_parts()
    cmake_path(ABSOLUTE_PATH header NORMALIZE)
    cmake_path(GET header PARENT_PATH folder)
    cmake_path(GET header FILENAME file)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/moe-trainers/${name}.cpp)
    file(CONFIGURE OUTPUT ${source} @ONLY CONTENT [[
#include "@file@"

#include <moe/app/main.hpp>

int main(int count, char** words) { return moe::program<@name@>(count, words); }
]])
    add_executable(${name} ${source} ${header})
    target_include_directories(${name} PRIVATE ${folder})
    target_link_libraries(${name} PRIVATE moe::moe moe::parts)
    moe_for_this_machine(${name})
    set_target_properties(${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY $<1:${CMAKE_CURRENT_BINARY_DIR}>)
endfunction()
