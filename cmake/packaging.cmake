# What is installed beside the programs, and the packages that `make deb` makes.
# The programs' own install rules stand beside their targets.
#
# The package is webrtc-tunnel, because Debian has another called httptunnel.
include(GNUInstallDirs)

set(CPACK_PACKAGE_NAME webrtc-tunnel)
set(TUNNEL_DOC_DIR ${CMAKE_INSTALL_DATAROOTDIR}/doc/${CPACK_PACKAGE_NAME})

install(FILES README.md CHANGELOG.md SECURITY.md docs/PROTOCOL.md docs/ARCHITECTURE.md docs/ICE.md docs/SCTP.md
        docs/OBSERVING.md docs/DEPLOY.md docs/PERFORMANCE.md docs/grafana-dashboard.json
        DESTINATION ${TUNNEL_DOC_DIR})
install(DIRECTORY docs/performance DESTINATION ${TUNNEL_DOC_DIR})
install(FILES LICENSE DESTINATION ${TUNNEL_DOC_DIR} RENAME copyright) # where Debian wants it

set(CPACK_GENERATOR DEB)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_PACKAGE_VENDOR "The tunnel authors")
set(CPACK_PACKAGE_CONTACT "The tunnel authors <authors@webrtc-tunnel.invalid>") # form demands one
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

# install_compressed(FILE FOLDER): as FILE.gz, as Debian wants man pages and changelogs.
function(install_compressed file folder)
    cmake_path(GET file FILENAME name)
    add_custom_command(OUTPUT ${name}.gz
                       COMMAND gzip -9nc ${file} > ${name}.gz DEPENDS ${file})
    list(APPEND COMPRESSED ${CMAKE_CURRENT_BINARY_DIR}/${name}.gz)
    set(COMPRESSED ${COMPRESSED} PARENT_SCOPE)
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.gz DESTINATION ${folder})
endfunction()

string(TIMESTAMP TUNNEL_DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file(${CMAKE_CURRENT_LIST_DIR}/changelog.in changelog @ONLY)
install_compressed(${CMAKE_SOURCE_DIR}/man/tunnel.1 ${CMAKE_INSTALL_MANDIR}/man1)
install_compressed(${CMAKE_SOURCE_DIR}/man/signal-server.1 ${CMAKE_INSTALL_MANDIR}/man1)
install_compressed(${CMAKE_CURRENT_BINARY_DIR}/changelog ${TUNNEL_DOC_DIR})
add_custom_target(compressed ALL DEPENDS ${COMPRESSED})

set(CPACK_DEBIAN_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/services/debian/postinst)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

include(CPack)
