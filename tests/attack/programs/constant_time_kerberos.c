/*
 * Run under valgrind by secrets.sh, with tests/support/secret_public.c in place of base/secret.c: tickets that do not
 * open, checksums and messages, good and altered, under keys that valgrind takes for undefined; and the MIC of SPNEGO
 * under NTLM's. Any branch or index that depends on a key is reported.
 */
#include "forge.h"
#include "talker.h"

#include <valgrind/memcheck.h>

#include "kerberos/kerberos.h"
#include "kerberos/seal.h"

static const int32_t types[] = {17, 18, 19, 20};

static struct krb_key secret_key(int32_t type)
{
    uint8_t value[KRB_KEY_MAX] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct krb_key key;

    cr_assert(krb_key_set(&key, type, bytes_of(value, krb_etype_find(type)->key_size)));
    (void)VALGRIND_MAKE_MEM_UNDEFINED(key.data, sizeof key.data);
    return key;
}

/* What was made with the key is public: it goes over the wire. */
static void publish(void *data, size_t size)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(data, size);
}

static void decrypt(int32_t type, bool good)
{
    struct krb_key key = secret_key(type);
    struct krb_usage usage;
    uint8_t cipher[256], room[256], text[100] = {7};
    struct bytes plain;
    const size_t size = krb_cipher_size(key.etype, sizeof text);
    bool ok;

    cr_assert(krb_usage_derive(&key, KRB_USAGE_TICKET, &usage));
    cr_assert(krb_encrypt(&usage, bytes_of(text, sizeof text), cipher));
    publish(cipher, size);
    cipher[size - 1] ^= !good;
    ok = krb_decrypt(&usage, bytes_of(cipher, size), room, &plain);
    publish(&ok, sizeof ok);
    cr_assert_eq(ok, good);
}

Test(constant_time, tickets)
{
    for (size_t i = 0; i < 4; i++) {
        decrypt(types[i], true);
        decrypt(types[i], false);
    }
}

/* A PAC's signature. */
static void checksum(int32_t type, bool good)
{
    struct krb_key key = secret_key(type);
    uint8_t mac[KRB_MAC_MAX], text[100] = {7};
    const struct bytes part = bytes_of(text, sizeof text);
    bool ok;

    cr_assert(krb_checksum(&key, KRB_USAGE_PAC, &part, 1, mac));
    publish(mac, sizeof mac);
    mac[0] ^= !good;
    ok = krb_checksum_verify(&key, KRB_USAGE_PAC, &part, 1, bytes_of(mac, key.etype->checksum_size));
    publish(&ok, sizeof ok);
    cr_assert_eq(ok, good);
}

Test(constant_time, checksums)
{
    for (size_t i = 0; i < 4; i++) {
        checksum(types[i], true);
        checksum(types[i], false);
    }
}

struct parcel {
    uint8_t token[128], text[40];
    SecBuffer buffers[2];
    struct failure failure;
    struct message message;
};

static void parcel_make(struct parcel *parcel)
{
    *parcel = (struct parcel){0};
    parcel->buffers[0] = (SecBuffer){sizeof parcel->token, SECBUFFER_TOKEN, parcel->token};
    parcel->buffers[1] = (SecBuffer){sizeof parcel->text, SECBUFFER_DATA, parcel->text};
    parcel->message = (struct message){.buffers = parcel->buffers, .count = 2, .failure = &parcel->failure};
}

/* Altered in its last byte, where the MIC or the confounder is. */
static void message(int32_t type, bool sealed, bool good)
{
    struct krb_session from = {.key = secret_key(type), .detect_sequence = true}, to = from;
    struct parcel parcel;
    SECURITY_STATUS status;

    to.acceptor = true;
    parcel_make(&parcel);
    status = sealed ? krb_session_seal(&from, &parcel.message) : krb_session_sign(&from, &parcel.message);
    assert_status(status, SEC_E_OK);
    publish(parcel.token, sizeof parcel.token);
    publish(parcel.text, sizeof parcel.text);
    parcel.token[parcel.buffers[0].cbBuffer - 1] ^= !good;
    status = sealed ? krb_session_unseal(&to, &parcel.message) : krb_session_verify(&to, &parcel.message);
    publish(&status, sizeof status);
    assert_status(status, good ? SEC_E_OK : SEC_E_MESSAGE_ALTERED);
}

Test(constant_time, messages)
{
    for (size_t i = 0; i < 4; i++) {
        for (int good = 0; good < 2; good++) {
            message(types[i], true, good);
            message(types[i], false, good);
        }
    }
}

/* The whole of AcceptSecurityContext, up to the refusal of a ticket that is of another key. */
Test(constant_time, refused_ticket)
{
    static struct service service;
    struct ticket_spec ticket;
    uint8_t room[TICKET_ROOM];
    struct bytes keytab, token;
    size_t at = 0;

    service_open(&service, "Kerberos");
    ticket_spec_usual(&ticket);
    keytab = keytab_make(&ticket, 1, room);
    while (memcmp(room + at, ticket.key.value, 32) != 0)
        cr_assert_lt(++at + 32, keytab.size, "the key is not in the keytab");
    (void)VALGRIND_MAKE_MEM_UNDEFINED(room + at, 32);
    assert_status(SspiCredentialSetKeytabBytes(&service.credential, keytab.data, (ULONG)keytab.size), SEC_E_OK);
    service.ticket.key.value[0] ^= 1;
    token = service_request(&service);
    service_refuses(&service, token, SEC_E_DECRYPT_FAILURE, SSPI_REASON_WRONG_KEY, "does not open");
    service_close(&service);
}

/* ---- SPNEGO around NTLM ---- */

static uint8_t nt_hash[16];

static SECURITY_STATUS SEC_ENTRY lookup(void *argument, const char *user, const char *domain, PSSPI_ACCOUNT_KEYS keys)
{
    (void)argument, (void)user, (void)domain;
    keys->HasNtHash = 1;
    memcpy(keys->NtHash, nt_hash, sizeof nt_hash);
    (void)VALGRIND_MAKE_MEM_UNDEFINED(keys->NtHash, sizeof nt_hash);
    return SEC_E_OK;
}

static void mechlist_mic(bool good)
{
    static struct service service;
    static struct talker talker;
    SspiAccountStore *store;
    struct bytes last, mic;

    forge_nt_hash(PASSWORD, nt_hash);
    service_open(&service, "Negotiate");
    assert_status(SspiAccountStoreFromCallback(lookup, NULL, NULL, &store), SEC_E_OK);
    assert_status(SspiCredentialSetAccountStore(&service.credential, store), SEC_E_OK);
    SspiAccountStoreFree(store);
    talker_open(&talker, "NTLM", &service);
    assert_status(service_leg(&service, talker_init(&talker, &oid_ntlm, 1, talker_next(&talker))),
                  SEC_I_CONTINUE_NEEDED);
    talker_hears(&talker, &service, STATE_INCOMPLETE);
    last = talker_next(&talker);
    mic = talker_mic(&talker, talker.list);
    talker.mic[4] ^= !good;
    assert_status(service_leg(&service, talker_response(&talker, STATE_NONE, last, mic)),
                  good ? SEC_E_OK : SEC_E_MESSAGE_ALTERED);
    talker_close(&talker);
    service_close(&service);
}

Test(constant_time, mechlist_mic)
{
    mechlist_mic(true);
    mechlist_mic(false);
}
