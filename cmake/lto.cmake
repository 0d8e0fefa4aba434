# Link-time optimization of a release's two programs: of the layers that a request
# passes, objects hold both machine code and what the compiler knows of it, and
# the programs are made from the latter. All else links the machine code, as do
# tests, and the scripts that read objects see nothing else. These layers are
# worth -O3; for all else -O2 is as fast.
if(NOT TUNNEL_LTO OR NOT CMAKE_BUILD_TYPE STREQUAL "Release" OR TUNNEL_SANITIZE OR TUNNEL_FUZZ)
    return()
endif()

if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    set(compile -O3 -flto -ffat-lto-objects)
    set(link -flto=auto)
else()
    set(compile -O3 -flto=thin -ffat-lto-objects)
    set(link ${compile} -fuse-ld=lld)
endif()

# clang before version 17 warns that it cannot, and leaves the machine code out.
include(CheckCSourceCompiles)
list(JOIN compile " " CMAKE_REQUIRED_FLAGS)
string(APPEND CMAKE_REQUIRED_FLAGS " -Werror")
set(CMAKE_REQUIRED_LINK_OPTIONS ${link})
check_c_source_compiles("int main(void) { return 0; }" TUNNEL_LTO_WORKS)
unset(CMAKE_REQUIRED_FLAGS)
unset(CMAKE_REQUIRED_LINK_OPTIONS)
if(NOT TUNNEL_LTO_WORKS)
    return()
endif()

foreach(layer base net http sctp rtc tunnel_core)
    target_compile_options(${layer} PRIVATE ${compile})
endforeach()
foreach(program tunnel signal-server)
    target_link_options(${program} PRIVATE ${link})
endforeach()
set(TUNNEL_MACHINE_CODE -fno-lto) # what all else is linked with
