/*
 * See meeting.h. A keeper is closed before what it uses is freed, and what its
 * streams hang on is freed between the two.
 */
#include "tunnel/meeting.h"

#include <assert.h>

#include "signal/tracker_place.h"

void meeting_init(struct meeting *meeting, struct tunnel *tunnel, unsigned number)
{
    *meeting = (struct meeting){.tunnel = tunnel, .number = number};
}

void meeting_seal_for_link(struct meeting *meeting, const struct cert *cert,
                           const struct link *link)
{
    const struct seal_config config = {
        .side = SEAL_CONSUMER,
        .fingerprint = cert_fingerprint(cert),
    };
    meeting->seal = seal_new(&config);
    seal_room(link->provider_id, meeting->sealed_room);
    seal_admit(meeting->seal, "link", link->provider_id, link->secret);
}

void meeting_seal_as(struct meeting *meeting, const struct cert *cert,
                     const struct identity *identity)
{
    const struct seal_config config = {
        .side = SEAL_PROVIDER,
        .identity = identity,
        .fingerprint = cert_fingerprint(cert),
    };
    meeting->seal = seal_new(&config);
    seal_room(identity->provider_id, meeting->sealed_room);
}

void meeting_open(struct meeting *meeting, struct loop *loop, const struct keeper_config *config,
                  const struct keeper_handlers *handlers)
{
    struct keeper_config whole = *config;
    if (config->signal->is_tls || tracker_place_is_public(config->signal)) {
        int error = tls_client_new(NULL, false, &meeting->signal_tls);
        assert(error == 0); /* only a ca_file can be wrong */
        (void)error;
    }
    whole.tls = meeting->signal_tls;
    whole.seal = meeting->seal;
    if (meeting->seal)
        whole.room = meeting->sealed_room;
    meeting->room = whole.room;
    meeting->keeper = keeper_new(loop, &whole, handlers, meeting);
}

void meeting_close(struct meeting *meeting)
{
    if (meeting->keeper)
        keeper_close(meeting->keeper);
    meeting->keeper = NULL;
}

void meeting_deinit(struct meeting *meeting)
{
    seal_free(meeting->seal);
    tls_client_free(meeting->signal_tls);
}
