# What is installed beside the programs, and the packages that `make deb` makes.
# The programs' own install rules stand beside their targets.
#
# The package is webrtc-tunnel, because Debian has another called httptunnel.
include(GNUInstallDirs)

set(CPACK_PACKAGE_NAME webrtc-tunnel)
set(TUNNEL_DOC_DIR ${CMAKE_INSTALL_DATAROOTDIR}/doc/${CPACK_PACKAGE_NAME})

install(FILES man/tunnel.1 man/signal-server.1
        DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/man/man1)
install(FILES README.md CHANGELOG.md SECURITY.md docs/PROTOCOL.md docs/ARCHITECTURE.md docs/ICE.md docs/SCTP.md
        DESTINATION ${TUNNEL_DOC_DIR})
install(FILES LICENSE DESTINATION ${TUNNEL_DOC_DIR} RENAME copyright) # where Debian wants it

set(CPACK_GENERATOR DEB)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_PACKAGE_VENDOR "The tunnel authors")
set(CPACK_PACKAGE_CONTACT "The tunnel authors")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_PACKAGE_DESCRIPTION
    "tunnel carries HTTP between two machines over a WebRTC data channel:
directly where a path exists, through a TURN relay where none does, and
encrypted end to end. signal-server is where the two meet.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON) # the libraries' packages, found by dpkg-shlibdeps
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates) # to verify https upstreams and wss servers

include(CPack)
