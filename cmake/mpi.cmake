# moe_find_mpi() makes the target moe_mpi where MPI is wanted and there: an installed one, or, with
# MOE_MPI=ON on a Debian-like machine, the distribution's Open MPI, unpacked without root into
# MOE_DEPENDENCIES_DIR. MOE_MPIRUN, a global property, is the command that starts processes: their
# number, the program and its words follow.
include_guard(GLOBAL)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)

set(MOE_MPI AUTO CACHE STRING
    "Ranks as processes. AUTO: with an MPI that is found; ON: Open MPI is fetched if need be; OFF")
set_property(CACHE MOE_MPI PROPERTY STRINGS AUTO ON OFF)

# More ranks than cores, and root in a container: what tests need. No other MPI minds these.
set(moe_mpi_environment OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none)

function(moe_use_unpacked_mpi folder)
    set(libraries ${folder}/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE})
    set(own ${libraries}/openmpi)
    if(NOT EXISTS ${own}/include/mpi.h OR NOT EXISTS ${folder}/usr/bin/mpirun.openmpi)
        return()
    endif()
    add_library(moe_mpi INTERFACE IMPORTED GLOBAL)
    target_include_directories(moe_mpi SYSTEM INTERFACE ${own}/include)
    # Its libraries look for each other in /usr/lib, whatever the program says, so the program asks
    # for all of them itself.
    set(files ${libraries}/libmpi.so.40)
    foreach(library IN ITEMS open-rte open-pal hwloc event_core-2.1 event_pthreads-2.1)
        file(GLOB file ${libraries}/lib${library}.so.[0-9]*)
        list(SORT file)
        if(file)
            list(POP_FRONT file file)
            list(APPEND files ${file})
        endif()
    endforeach()
    list(JOIN files , files)
    target_link_libraries(moe_mpi INTERFACE -Wl,--push-state,--no-as-needed,${files},--pop-state)
    target_link_options(moe_mpi INTERFACE
        LINKER:--disable-new-dtags,-rpath,${libraries} LINKER:-rpath-link,${libraries})
    # It looks for its parts where it would have been installed, unless it is told.
    set_property(GLOBAL PROPERTY MOE_MPIRUN ${CMAKE_COMMAND} -E env ${moe_mpi_environment}
        OPAL_PREFIX=${folder}/usr PMIX_INSTALL_PREFIX=${libraries}/pmix2
        LD_LIBRARY_PATH=${libraries}:${folder}/lib/${CMAKE_LIBRARY_ARCHITECTURE}
        OMPI_MCA_mca_base_component_show_load_errors=0
        ${folder}/usr/bin/mpirun.openmpi -n)
endfunction()

function(moe_find_mpi)
    if(TARGET moe_mpi OR NOT MOE_MPI)
        return()
    endif()
    set(MPI_CXX_SKIP_MPICXX ON)
    find_package(MPI QUIET COMPONENTS CXX)
    set(unpacked ${MOE_DEPENDENCIES_DIR}/mpi)
    if(MPI_CXX_FOUND)
        add_library(moe_mpi INTERFACE IMPORTED GLOBAL)
        target_link_libraries(moe_mpi INTERFACE MPI::MPI_CXX)
        set_property(GLOBAL PROPERTY MOE_MPIRUN ${CMAKE_COMMAND} -E env ${moe_mpi_environment}
            ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG})
    else()
        if(NOT MOE_MPI STREQUAL "AUTO")
            moe_unpack_debian_packages(${unpacked} WITH_DEPENDENCIES libopenmpi-dev openmpi-bin)
        endif()
        moe_use_unpacked_mpi(${unpacked})
    endif()
    if(NOT TARGET moe_mpi AND NOT MOE_MPI STREQUAL "AUTO")
        message(FATAL_ERROR "moe: MOE_MPI is ${MOE_MPI}, but there is no MPI, and the "
            "distribution's Open MPI cannot be fetched (libopenmpi-dev, openmpi-bin)")
    endif()
endfunction()
