/*
 * Delegation (heimdal_forward.c): a KRB-CRED of the client's own becomes a credential, only where the caller asks;
 * forged ones are refused. The exchange with a KDC is tested with one in tests/peers.
 */
#include "rig.h"

#define CRED_ROOM 4096

struct cred_spec {
    const char *client;
    struct ticket_key seal_with;
    uint8_t ticket_room[TICKET_ROOM];
};

static void name_put(struct der_writer *out, unsigned number, const char *first, const char *second)
{
    const size_t mark = out->used;

    if (second)
        der_put(out, DER_GENERAL_STRING, bytes_of(second, strlen(second)));
    der_put(out, DER_GENERAL_STRING, bytes_of(first, strlen(first)));
    der_put_header(out, DER_SEQUENCE, mark);
    der_put_header(out, DER_CONTEXT | 1, mark);
    der_put_context_integer(out, 0, 1);
    der_put_header(out, DER_SEQUENCE, mark);
    der_put_header(out, (uint8_t)(DER_CONTEXT | number), mark);
}

/* EncKrbCredPart with one KrbCredInfo, RFC 4120 5.8.1. */
static struct bytes part_make(const struct cred_spec *spec, const struct ticket_spec *tgt, uint8_t room[CRED_ROOM])
{
    static const char realm[] = "EXAMPLE.TEST";
    struct der_writer out = der_writer_over(room, CRED_ROOM);
    size_t mark;

    name_put(&out, 9, "krbtgt", realm);
    der_put_context(&out, 8, DER_GENERAL_STRING, bytes_of(realm, sizeof realm - 1));
    der_put_context_time(&out, 6, tgt->end);
    der_put_context_time(&out, 4, tgt->auth_time);
    der_put_context_flags(&out, 3, KRB_TICKET_FORWARDABLE);
    name_put(&out, 2, spec->client, NULL);
    der_put_context(&out, 1, DER_GENERAL_STRING, bytes_of(realm, sizeof realm - 1));
    mark = out.used;
    der_put_context(&out, 1, DER_OCTET_STRING, bytes_of(tgt->session.value, tgt->session.size));
    der_put_context_integer(&out, 0, tgt->session.etype);
    der_put_header(&out, DER_SEQUENCE, mark);
    der_put_header(&out, DER_CONTEXT | 0, mark);
    der_put_header(&out, DER_SEQUENCE, 0);
    der_put_header(&out, DER_SEQUENCE, 0);
    der_put_header(&out, DER_CONTEXT | 0, 0);
    der_put_header(&out, DER_SEQUENCE, 0);
    der_put_header(&out, DER_APPLICATION | 29, 0);
    return der_writer_result(&out);
}

/* KRB-CRED, RFC 4120 5.8.1. */
static struct bytes cred_make(struct cred_spec *spec, uint8_t room[CRED_ROOM])
{
    uint8_t plain[CRED_ROOM], cipher[CRED_ROOM + KRB_OVERHEAD_MAX];
    struct der_writer out = der_writer_over(room, CRED_ROOM);
    struct krb_encrypted sealed = {.etype = spec->seal_with.etype};
    struct ticket_spec tgt;
    struct krb_usage usage;
    struct krb_key key;
    struct bytes part;
    size_t mark;

    ticket_spec_usual(&tgt);
    tgt.service = "krbtgt/EXAMPLE.TEST";
    part = part_make(spec, &tgt, plain);
    cr_assert(krb_key_set(&key, spec->seal_with.etype, bytes_of(spec->seal_with.value, spec->seal_with.size)));
    cr_assert(krb_usage_derive(&key, KRB_USAGE_KRB_CRED, &usage) && krb_encrypt(&usage, part, cipher));
    sealed.cipher = bytes_of(cipher, krb_cipher_size(key.etype, part.size));
    krb_encrypted_encode(&out, &sealed);
    der_put_header(&out, DER_CONTEXT | 3, 0);
    mark = out.used;
    der_put_bytes(&out, ticket_make(&tgt, spec->ticket_room));
    der_put_header(&out, DER_SEQUENCE, mark);
    der_put_header(&out, DER_CONTEXT | 2, mark);
    der_put_context_integer(&out, 1, 22);
    der_put_context_integer(&out, 0, KRB_PVNO);
    der_put_header(&out, DER_SEQUENCE, 0);
    der_put_header(&out, DER_APPLICATION | 22, 0);
    return der_writer_result(&out);
}

static void forward_open(struct rig *rig, struct cred_spec *spec)
{
    rig_open(rig);
    rig->authenticator.gss_flags |= KRB_GSS_DELEGATE;
    *spec = (struct cred_spec){.client = "alice", .seal_with = rig->ticket.session};
}

Test(krb_forward, becomes_a_credential)
{
    SecPkgCredentials_NamesA names = {0};
    uint8_t room[CRED_ROOM];
    struct cred_spec spec;
    SecHandle onward;
    struct rig rig;

    forward_open(&rig, &spec);
    rig.authenticator.delegated = cred_make(&spec, room);
    rig.requested = ASC_REQ_DELEGATE;
    rig_try(&rig);
    assert_status(rig.status, SEC_E_OK);
    cr_assert(rig.attributes & ASC_RET_DELEGATE);
    assert_status(SspiAcquireDelegatedCredential(&rig.context, &onward), SEC_E_OK);
    rig_delete(&rig); /* it outlives the context */
    assert_status(QueryCredentialsAttributesA(&onward, SECPKG_CRED_ATTR_NAMES, &names), SEC_E_OK);
    cr_assert_str_eq(names.sUserName, "alice@EXAMPLE.TEST");
    FreeContextBuffer(names.sUserName);
    assert_status(FreeCredentialsHandle(&onward), SEC_E_OK);
    rig_close(&rig);
}

Test(krb_forward, only_where_asked)
{
    uint8_t room[CRED_ROOM];
    struct cred_spec spec;
    SecHandle onward;
    struct rig rig;

    forward_open(&rig, &spec);
    rig.authenticator.delegated = cred_make(&spec, room);
    rig_try(&rig);
    assert_status(rig.status, SEC_E_OK);
    cr_assert_not(rig.attributes & ASC_RET_DELEGATE);
    assert_status(SspiAcquireDelegatedCredential(&rig.context, &onward), SEC_E_NO_CREDENTIALS);
    cr_assert_not(SecIsValidHandle(&onward));
    rig_close(&rig);
}

Test(krb_forward, forged)
{
    uint8_t room[CRED_ROOM];
    struct cred_spec spec;
    struct rig rig;

    forward_open(&rig, &spec);
    rig.requested = ASC_REQ_DELEGATE;
    rig.authenticator.delegated = bytes_of("garbage", 7);
    expect(&rig, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN);
    spec.client = "mallory";
    rig.authenticator.delegated = cred_make(&spec, room);
    expect(&rig, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN);
    spec.client = "alice";
    spec.seal_with.value[0] ^= 1;
    rig.authenticator.delegated = cred_make(&spec, room);
    expect(&rig, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN);
    rig_close(&rig);
}

Test(krb_forward, sealed_with_the_subkey)
{
    uint8_t room[CRED_ROOM];
    struct cred_spec spec;
    struct rig rig;

    forward_open(&rig, &spec);
    rig.requested = ASC_REQ_DELEGATE;
    spec.seal_with = rig.authenticator.subkey;
    rig.authenticator.delegated = cred_make(&spec, room);
    expect(&rig, SEC_E_OK, SSPI_REASON_NONE);
    rig_close(&rig);
}
