# The target 'corpus' gathers the text of the main job, one folder a domain, from documentation and
# dictionaries of the distribution (about 30 MB to download); corpus.py says what it takes instead
# where there are none. Nothing of it is in the repository; LICENSES.md lies beside it.
set(MOE_CORPUS ${PROJECT_BINARY_DIR}/corpus)
set(moe_corpus_packages
    dict-gcide dict-foldoc git-doc perl-doc bible-kjv-text fortunes fortunes-min)
find_package(Python3 REQUIRED COMPONENTS Interpreter)

add_custom_command(OUTPUT ${MOE_CORPUS}/LICENSES.md
    COMMAND ${CMAKE_COMMAND} -D folder=${PROJECT_BINARY_DIR}/corpus-packages
        "-D packages=${moe_corpus_packages}" -P ${PROJECT_SOURCE_DIR}/cmake/debian.cmake
    COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/cmake/corpus.py
        ${PROJECT_BINARY_DIR}/corpus-packages ${MOE_CORPUS}
    DEPENDS ${PROJECT_SOURCE_DIR}/cmake/corpus.py ${PROJECT_SOURCE_DIR}/cmake/debian.cmake
    COMMENT "Gathering text to learn from" VERBATIM)
add_custom_target(corpus DEPENDS ${MOE_CORPUS}/LICENSES.md)
