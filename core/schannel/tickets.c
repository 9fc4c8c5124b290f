/*
 * Keys of session tickets. They follow from one secret that moves on with time and cannot be turned back, so that
 * processes forked from one another agree on them, and a stolen key opens no ticket of the period before last.
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <string.h>

#include "account/fork_lock.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/secret.h"
#include "certificate/openssl.h"
#include "crypto/hmac.h"
#include "crypto/library.h"
#include "crypto/random.h"
#include "schannel/credential.h"

#define PERIOD_LEAST_MS INT64_C(60000)
#define STEPS_MOST 100000 /* beyond, nobody has a ticket that still opens */

struct ticket_key {
    uint8_t name[16]; /* RFC 5077, 4: key_name */
    uint8_t cipher[32];
    uint8_t mac[32];
};

struct schannel_tickets {
    pthread_mutex_t lock;
    EVP_CIPHER *cipher;
    int64_t period_ms;
    int64_t begun_ms; /* monotonic: when the current key's time began */
    uint8_t secret[HMAC_SHA256_SIZE];
    struct ticket_key keys[2]; /* current, and the one before */
};

static bool derive(const uint8_t secret[HMAC_SHA256_SIZE], const char *label, uint8_t out[HMAC_SHA256_SIZE])
{
    const struct bytes text = bytes_of(label, strlen(label));

    return hmac_sha256(bytes_of(secret, HMAC_SHA256_SIZE), &text, 1, out);
}

/* The current key becomes the one before, and the secret the next. */
static bool move_on(struct schannel_tickets *tickets)
{
    uint8_t name[HMAC_SHA256_SIZE], next[HMAC_SHA256_SIZE];
    struct ticket_key key;
    bool ok = derive(tickets->secret, "name", name) && derive(tickets->secret, "cipher", key.cipher)
              && derive(tickets->secret, "mac", key.mac) && derive(tickets->secret, "next", next);

    if (ok) {
        memcpy(key.name, name, sizeof key.name);
        tickets->keys[1] = tickets->keys[0];
        tickets->keys[0] = key;
        for (size_t i = 0; i < sizeof next; i++)
            tickets->secret[i] = next[i];
    }
    secret_wipe(&key, sizeof key);
    secret_wipe(next, sizeof next);
    return ok;
}

/* Under the lock. */
static bool catch_up(struct schannel_tickets *tickets)
{
    const int64_t now = clock_monotonic_ms();
    int64_t steps = (now - tickets->begun_ms) / tickets->period_ms;

    if (steps > STEPS_MOST)
        steps = STEPS_MOST;
    for (; steps > 0; steps--) {
        if (!move_on(tickets))
            return false;
        tickets->begun_ms += tickets->period_ms;
    }
    if (now - tickets->begun_ms >= tickets->period_ms)
        tickets->begun_ms = now;
    return true;
}

static SECURITY_STATUS start(struct schannel_tickets *tickets, struct failure *failure)
{
    openssl_enter();
    tickets->cipher = EVP_CIPHER_fetch(crypto_library()->context, "AES-256-CBC", NULL);
    openssl_leave();
    if (!tickets->cipher)
        return failure_set(failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_CRYPTO_UNAVAILABLE,
                           "OpenSSL has no AES-256-CBC for session tickets");
    /* Two steps, so that the key before is one that nobody ever used and not zeros. */
    if (random_bytes(tickets->secret, sizeof tickets->secret) && move_on(tickets) && move_on(tickets))
        return SEC_E_OK;
    return failure_set(failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_CRYPTO_UNAVAILABLE,
                       "OpenSSL makes no keys for session tickets");
}

SECURITY_STATUS schannel_tickets_new(ULONG lifespan_seconds, struct schannel_tickets **out, struct failure *failure)
{
    struct schannel_tickets *tickets = mem_zalloc(sizeof *tickets);
    SECURITY_STATUS status;

    *out = NULL;
    if (!tickets)
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for tickets");
    pthread_mutex_init(&tickets->lock, NULL);
    tickets->period_ms = (int64_t)lifespan_seconds * 1000;
    if (tickets->period_ms < PERIOD_LEAST_MS)
        tickets->period_ms = PERIOD_LEAST_MS;
    tickets->begun_ms = clock_monotonic_ms();
    status = start(tickets, failure);
    if (status == SEC_E_OK)
        *out = tickets;
    else
        schannel_tickets_free(tickets);
    return status;
}

void schannel_tickets_free(struct schannel_tickets *tickets)
{
    if (!tickets)
        return;
    EVP_CIPHER_free(tickets->cipher);
    pthread_mutex_destroy(&tickets->lock);
    mem_free_secret(tickets, sizeof *tickets);
}

/* A copy of the key to seal with (`name` NULL), or of the one of that name. -1: there is none; else its place. */
static int key_take(struct schannel_tickets *tickets, const uint8_t *name, struct ticket_key *key)
{
    int place = -1;

    fork_lock_enter();
    pthread_mutex_lock(&tickets->lock);
    if (catch_up(tickets))
        for (int i = 0; i < 2 && place < 0; i++)
            if (!name || secret_equal(tickets->keys[i].name, name, sizeof key->name))
                place = i;
    if (place >= 0)
        *key = tickets->keys[place];
    pthread_mutex_unlock(&tickets->lock);
    fork_lock_leave();
    return place;
}

static bool mac_start(EVP_MAC_CTX *mac, struct ticket_key *key)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac, sizeof key->mac),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };

    return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* OpenSSL's callback: 1 goes on; 0: no such key, a full handshake; 2: goes on and gives a new ticket; -1: failure. */
static int ticket_key_give(SSL *ssl, unsigned char name[16], unsigned char iv[EVP_MAX_IV_LENGTH],
                           EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int sealing)
{
    struct schannel_tickets *tickets = schannel_credential_of(ssl)->tickets;
    struct ticket_key key;
    int place = key_take(tickets, sealing ? NULL : name, &key);
    bool ok;

    if (place < 0)
        return sealing ? -1 : 0;
    ok = !sealing || random_bytes(iv, (size_t)EVP_CIPHER_get_iv_length(tickets->cipher));
    if (ok && sealing)
        memcpy(name, key.name, sizeof key.name);
    ok = ok && EVP_CipherInit_ex2(cipher, tickets->cipher, key.cipher, iv, sealing, NULL) == 1 && mac_start(mac, &key);
    secret_wipe(&key, sizeof key);
    if (!ok)
        return -1;
    /* A TLS 1.3 client uses each ticket once, and needs another. */
    return !sealing && (place > 0 || SSL_version(ssl) == TLS1_3_VERSION) ? 2 : 1;
}

void schannel_tickets_use(SSL_CTX *tls)
{
    SSL_CTX_set_tlsext_ticket_key_evp_cb(tls, ticket_key_give);
}
