/*
 * PACs (pac.c, pac_logon.c), as they are and with bytes of a good one changed: the first byte says which. Nothing is
 * signed: what follows the signature's check is the target.
 */
#include <stdlib.h>
#include <string.h>

#include "kerberos/kerberos.h"
#include "tickets.h"

static void decode(struct bytes data)
{
    struct krb_key key;
    struct krb_identity *identity;
    struct krb_pac pac;
    bool ours;
    const struct ticket_key plain = ticket_key(KRB_ETYPE_AES128_SHA1, 1, 1);

    if (!krb_key_set(&key, plain.etype, bytes_of(plain.value, plain.size)))
        abort();
    if (!krb_pac_decode(data, &pac))
        return;
    if (krb_pac_verify(&pac, &key, &ours) != SEC_E_OK)
        abort();
    (void)!krb_pac_client_check(&pac, "alice", 0);
    if (krb_pac_identity(&pac, &identity) != SEC_E_OK)
        return;
    for (size_t i = 0; i < identity->group_count; i++)
        if (!krb_sid_text(bytes_of(identity->groups[i].sid, identity->groups[i].size), NULL, identity->group_text))
            abort();
    krb_identity_free(identity);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t room[TICKET_ROOM];
    struct ticket_spec ticket;
    struct pac_spec spec;
    struct bytes pac;

    if (size < 2)
        return 0;
    if (data[0] & 1) {
        decode(bytes_of(data + 1, size - 1));
        return 0;
    }
    ticket_spec_usual(&ticket);
    pac_spec_usual(&spec, &ticket);
    spec.groups = data[0] >> 1;
    pac = pac_make(&spec, room);
    for (size_t i = 1; i + 3 <= size; i += 3)
        room[(data[i] | (size_t)data[i + 1] << 8) % pac.size] = data[i + 2];
    decode(pac);
    return 0;
}
