# The toolchain for another processor, as Debian has it: TUNNEL_TRIPLET's cross
# compiler, libraries beside this machine's, and qemu-user for what is to run.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES TUNNEL_TRIPLET)
if(TUNNEL_TRIPLET STREQUAL x86_64-linux-gnu)
    set(TUNNEL_ARCHITECTURE amd64) # nothing is crossed, then
elseif(TUNNEL_TRIPLET STREQUAL aarch64-linux-gnu)
    set(CMAKE_SYSTEM_NAME Linux)
    set(CMAKE_SYSTEM_PROCESSOR aarch64)
    set(TUNNEL_ARCHITECTURE arm64)
    set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static)
elseif(TUNNEL_TRIPLET STREQUAL arm-linux-gnueabihf)
    set(CMAKE_SYSTEM_NAME Linux)
    set(CMAKE_SYSTEM_PROCESSOR armv7l)
    set(TUNNEL_ARCHITECTURE armhf)
    set(CMAKE_CROSSCOMPILING_EMULATOR qemu-arm-static)
else()
    message(FATAL_ERROR "TUNNEL_TRIPLET is \"${TUNNEL_TRIPLET}\"; this file knows x86_64-linux-gnu, "
                        "aarch64-linux-gnu and arm-linux-gnueabihf")
endif()
set(CMAKE_C_COMPILER ${TUNNEL_TRIPLET}-gcc)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE ${TUNNEL_ARCHITECTURE})
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/${TUNNEL_TRIPLET}/pkgconfig:/usr/share/pkgconfig)
