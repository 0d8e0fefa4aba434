# The services: units of systemd, of the system and of a user, and a script of
# OpenRC. Where the programs are is known when they are installed.
file(READ ${CMAKE_SOURCE_DIR}/services/hardening HARDENING)
file(READ ${CMAKE_SOURCE_DIR}/services/hardening-system HARDENING_SYSTEM)
set(services_out ${CMAKE_CURRENT_BINARY_DIR}/services)

# install_service(SOURCE FOLDER NAME): what stands between @ is filled in.
function(install_service source folder name)
    install(CODE "
        set(HARDENING [=[${HARDENING}]=])
        set(HARDENING_SYSTEM [=[${HARDENING_SYSTEM}]=])
        configure_file([=[${CMAKE_SOURCE_DIR}/services/${source}]=]
                       [=[${services_out}/${folder}/${name}]=] @ONLY)
        file(INSTALL [=[${services_out}/${folder}/${name}]=]
             DESTINATION \${CMAKE_INSTALL_PREFIX}/${folder})")
endfunction()

foreach(role serve proxy)
    foreach(scope system user)
        install_service(${scope}/tunnel-${role}@.service.in lib/systemd/${scope}
                        tunnel-${role}@.service)
    endforeach()
endforeach()
install_service(system/tunnel.service.in lib/systemd/system tunnel.service)
install_service(system/signal-server.service.in lib/systemd/system signal-server.service)
install_service(openrc.in share/doc/webrtc-tunnel/examples openrc-tunnel)
install(FILES services/sysusers.conf DESTINATION lib/sysusers.d RENAME webrtc-tunnel.conf)
