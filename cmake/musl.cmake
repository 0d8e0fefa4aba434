# The toolchain for static programs: Debian's compiler of TUNNEL_TRIPLET with the
# specs of musl-dev, and the libraries that scripts/dist/libraries.sh has built
# with this very file.
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
string(REPLACE -gnu -musl musl ${TUNNEL_TRIPLET})
cmake_path(SET TUNNEL_STATIC_PREFIX NORMALIZE
           ${CMAKE_CURRENT_LIST_DIR}/../build-dist/musl-${TUNNEL_ARCHITECTURE})
set(CMAKE_C_FLAGS_INIT "-specs=/usr/lib/${musl}/musl-gcc.specs -ffunction-sections -fdata-sections")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static -Wl,--gc-sections")
set(CMAKE_LIBRARY_ARCHITECTURE "")
set(CMAKE_FIND_ROOT_PATH ${TUNNEL_STATIC_PREFIX})
foreach(kind LIBRARY INCLUDE PACKAGE)
    set(CMAKE_FIND_ROOT_PATH_MODE_${kind} ONLY)
endforeach()
set(ENV{PKG_CONFIG_LIBDIR} ${TUNNEL_STATIC_PREFIX}/lib/pkgconfig)
