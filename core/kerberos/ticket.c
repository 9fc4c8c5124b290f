/*
 * An AP-REQ opened: which key, is the ticket ours and in time, who is the client ([MS-KILE] 3.4.5, RFC 4120 3.2.3).
 * Called by acceptor.c on each new AP-REQ. Changes nothing but its own memory, so it may be repeated.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "kerberos/kerberos.h"

/* How many keys may be tried on one ticket: more would let a client burn our time. */
#define TRIES_MAX 8

/* 3900-01-01. Heimdal takes a later end of a ticket for none at all; no KDC writes one. */
#define END_MAX (INT64_C(839692) * 86400 * CLOCK_TICKS_PER_SECOND)

static SECURITY_STATUS malformed(struct step *step, struct krb_opened *opened, const char *what)
{
    opened->error = KRB_ERR_GENERIC;
    return failure_set(step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, "%s", what);
}

static SECURITY_STATUS no_memory(struct step *step)
{
    return failure_set(step->failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY,
                       "no memory to open a ticket");
}

static SECURITY_STATUS no_crypto(struct step *step)
{
    return failure_set(step->failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_CRYPTO_UNAVAILABLE,
                       "OpenSSL failed while opening a ticket");
}

bool krb_etype_allowed(const struct settings *settings, int32_t etype)
{
    return krb_etype_find(etype) && (etype != KRB_ETYPE_RC4 || settings->allow_insecure_rc4);
}

/* ---- The message as it arrived: nothing of it is verified yet ---- */

static SECURITY_STATUS message_read(struct step *step, struct krb_opened *opened)
{
    struct bytes message;
    enum krb_token kind;
    struct krb_name realm = {.count = 1};

    if (step->token.size > KRB_TOKEN_LIMIT)
        return malformed(step, opened, "the token is too long");
    if (!krb_frame_open(step->token, &kind, &message, &opened->framed) || kind != KRB_TOKEN_AP_REQ
        || !krb_ap_req_decode(message, &opened->request))
        return malformed(step, opened, "the token is not an AP-REQ of Kerberos");
    realm.parts[0] = opened->request.ticket.realm;
    if (!krb_name_text(&opened->request.ticket.service, (struct bytes){0}, opened->service)
        || !krb_name_text(&realm, (struct bytes){0}, opened->service_realm))
        return malformed(step, opened, "the ticket's service name is no text, or too long");
    if (opened->request.options & KRB_AP_USE_SESSION_KEY)
        return failure_set(step->failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED,
                           "user-to-user authentication is not supported");
    return SEC_E_OK;
}

static SECURITY_STATUS etype_refuse(struct step *step, struct krb_opened *opened, const char *what, int32_t etype)
{
    const struct krb_etype *known = krb_etype_find(etype);

    opened->error = KRB_ERR_NOKEY;
    if (known)
        return failure_set(step->failure, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY,
                           "%s uses %s, which option allow_insecure_rc4 forbids", what, known->name);
    return failure_set(step->failure, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY,
                       "%s uses encryption type %d, which is not supported", what, (int)etype);
}

/* ---- The key ---- */

struct search {
    const struct krb_opened *opened;
    const char *patterns;         /* NULL: any row's service */
    bool realm, service, version; /* what some row had in common with the ticket */
    bool named;                   /* a key of the ticket's own name was tried */
};

/* Whether a row may open the ticket, noting how near the set came. */
static bool row_fits(struct search *search, const struct krb_service_key *row)
{
    const struct krb_encrypted *sealed = &search->opened->request.ticket.encrypted;
    bool version;

    if (strcmp(row->realm, search->opened->service_realm) != 0)
        return false;
    search->realm = true;
    if (search->patterns && !row->any_version && !krb_service_matches(search->patterns, row->name, row->realm))
        return false;
    search->service = true;
    version = row->any_version || !sealed->has_kvno || sealed->kvno == 0 || sealed->kvno == row->version;
    search->version = search->version || version;
    return version && row->key.etype->number == sealed->etype;
}

static SECURITY_STATUS key_missing(struct step *step, struct krb_opened *opened, const struct search *search)
{
    const struct krb_encrypted *sealed = &opened->request.ticket.encrypted;

    if (!search->realm) {
        opened->error = KRB_ERR_NOT_US;
        return failure_set(step->failure, SEC_E_TARGET_UNKNOWN, SSPI_REASON_WRONG_REALM,
                           "the ticket is for %s of realm %s, and there is no key of that realm", opened->service,
                           opened->service_realm);
    }
    if (!search->service) {
        opened->error = KRB_ERR_NOT_US;
        return failure_set(step->failure, SEC_E_WRONG_PRINCIPAL, SSPI_REASON_WRONG_SERVICE,
                           "there is no key of a service that this credential is for; the ticket is for %s",
                           opened->service);
    }
    opened->error = search->version ? KRB_ERR_NOKEY : KRB_ERR_BADKEYVER;
    if (!search->version)
        return failure_set(step->failure, SEC_E_NO_KERB_KEY, SSPI_REASON_NO_KEY,
                           "no key of version %u for %s@%s: is the keytab older or newer than the account's password?",
                           (unsigned)sealed->kvno, opened->service, opened->service_realm);
    return failure_set(step->failure, SEC_E_NO_KERB_KEY, SSPI_REASON_NO_KEY, "no key of type %s for %s@%s",
                       krb_etype_find(sealed->etype)->name, opened->service, opened->service_realm);
}

static bool row_open(struct krb_opened *opened, const struct krb_service_key *row, struct bytes *plain)
{
    if (!krb_decrypt(&row->ticket, opened->request.ticket.encrypted.cipher, opened->room, plain))
        return false;
    opened->service_key = row;
    return true;
}

/* The rows of the ticket's own name first, then those of other names (an account may have many). */
static SECURITY_STATUS ticket_decrypt(const struct krb_credential *credential, struct step *step,
                                      struct krb_opened *opened, struct bytes *plain)
{
    struct search search = {.opened = opened, .patterns = krb_credential_services(credential)};
    size_t tries = 0;

    for (int own = 1; own >= 0; own--) {
        for (size_t i = opened->keys->count; i-- > 0;) {
            const struct krb_service_key *row = &opened->keys->rows[i];

            if ((strcasecmp(row->name, opened->service) == 0) != own || !row_fits(&search, row))
                continue;
            if (tries == TRIES_MAX)
                break;
            tries++;
            search.named = search.named || own;
            if (row_open(opened, row, plain))
                return SEC_E_OK;
        }
    }
    if (tries == 0)
        return key_missing(step, opened, &search);
    opened->error = KRB_ERR_MODIFIED;
    return failure_set(step->failure, SEC_E_DECRYPT_FAILURE, SSPI_REASON_WRONG_KEY,
                       search.named ? "the ticket for %s does not open with our key: the keytab is outdated, or the "
                                      "ticket was altered"
                                    : "the ticket for %s does not open with our key: the keytab has none of that name, "
                                      "and its others do not fit",
                       opened->service);
}

/* Without names a credential is for the one service of its keys; with several services it must be told. */
static SECURITY_STATUS service_check(const struct krb_credential *credential, struct step *step,
                                     struct krb_opened *opened)
{
    const char *patterns = krb_credential_services(credential);
    const SECURITY_STATUS status = krb_services_said(credential, opened->keys, step->failure);

    if (status != SEC_E_OK)
        return status;
    if (patterns && !krb_service_matches(patterns, opened->service, opened->service_realm)) {
        opened->error = KRB_ERR_NOT_US;
        return failure_set(step->failure, SEC_E_WRONG_PRINCIPAL, SSPI_REASON_WRONG_SERVICE,
                           "the ticket is for %s@%s, this credential is for %s", opened->service, opened->service_realm,
                           patterns);
    }
    return SEC_E_OK;
}

static SECURITY_STATUS ticket_open_with(struct krb_credential *credential, bool fresh, struct step *step,
                                        struct krb_opened *opened, struct bytes *plain)
{
    SECURITY_STATUS status;

    krb_keys_release(opened->keys);
    status = krb_credential_keys(credential, fresh, &opened->keys, step->failure);
    if (status == SEC_E_OK)
        status = service_check(credential, step, opened);
    if (status == SEC_E_OK)
        status = ticket_decrypt(credential, step, opened, plain);
    return status;
}

/* A keytab may have been rotated this very second: before a refusal it is looked at again. */
static SECURITY_STATUS ticket_open(struct krb_credential *credential, struct step *step, struct krb_opened *opened)
{
    struct krb_keys *before;
    struct bytes plain;
    SECURITY_STATUS status = ticket_open_with(credential, false, step, opened, &plain);

    if (status == SEC_E_NO_KERB_KEY || status == SEC_E_DECRYPT_FAILURE || status == SEC_E_TARGET_UNKNOWN) {
        struct krb_keys *now = NULL;

        before = opened->keys;
        if (krb_credential_keys(credential, true, &now, NULL) == SEC_E_OK && now != before)
            status = ticket_open_with(credential, false, step, opened, &plain);
        krb_keys_release(now);
    }
    if (status != SEC_E_OK)
        return status;
    if (!krb_ticket_part_decode(plain, &opened->ticket))
        return malformed(step, opened, "the inside of the ticket is malformed");
    return SEC_E_OK;
}

/* ---- The ticket's content, which the KDC wrote ---- */

static SECURITY_STATUS ticket_check(const struct krb_credential *credential, struct step *step,
                                    struct krb_opened *opened)
{
    const struct krb_ticket_part *ticket = &opened->ticket;
    const int64_t skew = (int64_t)credential->base.settings.allow_clock_skew_seconds * CLOCK_TICKS_PER_SECOND;
    const int64_t now = clock_now(), start = ticket->start_time ? ticket->start_time : ticket->auth_time;

    if (!krb_etype_allowed(&credential->base.settings, ticket->key.etype))
        return etype_refuse(step, opened, "the ticket's session key", ticket->key.etype);
    if (!krb_key_set(&opened->session_key, ticket->key.etype, ticket->key.value))
        return malformed(step, opened, "the ticket's session key has a wrong size");
    if (ticket->end_time >= END_MAX)
        return malformed(step, opened, "the ticket's end is beyond all reason");
    opened->error = KRB_ERR_TKT_NYV;
    if (ticket->flags & KRB_TICKET_INVALID)
        return failure_set(step->failure, SEC_E_TIME_SKEW, SSPI_REASON_TICKET_NOT_YET_VALID,
                           "the ticket is postdated and was not validated by the KDC");
    if (start - now > skew)
        return failure_set(step->failure, SEC_E_TIME_SKEW, SSPI_REASON_TICKET_NOT_YET_VALID,
                           "the ticket is not valid for another %" PRId64 " seconds",
                           (start - now) / CLOCK_TICKS_PER_SECOND);
    opened->error = KRB_ERR_TKT_EXPIRED;
    if (now - ticket->end_time > skew)
        return failure_set(step->failure, SEC_E_CONTEXT_EXPIRED, SSPI_REASON_TICKET_EXPIRED,
                           "the ticket expired %" PRId64 " seconds ago",
                           (now - ticket->end_time) / CLOCK_TICKS_PER_SECOND);
    opened->error = KRB_ERR_GENERIC;
    if (ticket->transited && !(ticket->flags & KRB_TICKET_TRANSIT_CHECKED))
        return failure_set(step->failure, SEC_E_LOGON_DENIED, SSPI_REASON_POLICY,
                           "the ticket came through other realms and the KDC did not check them");
    return SEC_E_OK;
}

/* ---- The authenticator ---- */

static SECURITY_STATUS authenticator_decrypt(const struct settings *settings, struct step *step,
                                             struct krb_opened *opened)
{
    static const uint32_t uses[] = {KRB_USAGE_AUTHENTICATOR, KRB_USAGE_AP_REP};
    const struct krb_encrypted *sealed = &opened->request.authenticator;
    uint8_t *room = opened->room + opened->request.ticket.encrypted.cipher.size;
    struct krb_usage usages[2];
    struct bytes plain;
    bool ok;

    if (sealed->etype != opened->session_key.etype->number)
        return krb_etype_allowed(settings, sealed->etype)
                   ? malformed(step, opened, "the authenticator and the session key are of different types")
                   : etype_refuse(step, opened, "the authenticator", sealed->etype);
    if (!krb_usages_derive(&opened->session_key, uses, 2, usages))
        return no_crypto(step);
    opened->reply = usages[1];
    ok = krb_decrypt(&usages[0], sealed->cipher, room, &plain);
    secret_wipe(usages, sizeof usages);
    if (!ok) {
        opened->error = KRB_ERR_BAD_INTEGRITY;
        return failure_set(
            step->failure, SEC_E_MESSAGE_ALTERED, SSPI_REASON_MESSAGE_ALTERED,
            "the authenticator does not verify: the AP-REQ was altered or made without the ticket's key");
    }
    if (!krb_authenticator_decode(plain, &opened->authenticator))
        return malformed(step, opened, "the inside of the authenticator is malformed");
    return SEC_E_OK;
}

static bool same_realm(struct bytes a, struct bytes b)
{
    return a.size == b.size && (!a.size || memcmp(a.data, b.data, a.size) == 0);
}

static SECURITY_STATUS client_check(struct step *step, struct krb_opened *opened)
{
    const struct krb_name realm = {.count = 1, .parts = {opened->ticket.client_realm}};

    if (!krb_name_equal(&opened->ticket.client, &opened->authenticator.client)
        || !same_realm(opened->ticket.client_realm, opened->authenticator.client_realm)) {
        opened->error = KRB_ERR_BADMATCH;
        return failure_set(step->failure, SEC_E_LOGON_DENIED, SSPI_REASON_MESSAGE_ALTERED,
                           "the ticket is another client's than the authenticator");
    }
    if (!krb_name_text(&opened->ticket.client, (struct bytes){0}, opened->client)
        || !krb_name_text(&realm, (struct bytes){0}, opened->client_realm))
        return malformed(step, opened, "the client's name is no text, or too long");
    if (opened->ticket.flags & KRB_TICKET_ANONYMOUS) {
        opened->error = KRB_ERR_GENERIC;
        return failure_set(step->failure, SEC_E_LOGON_DENIED, SSPI_REASON_ANONYMOUS, "an anonymous ticket was refused");
    }
    return SEC_E_OK;
}

static SECURITY_STATUS subkey_take(const struct settings *settings, struct step *step, struct krb_opened *opened)
{
    const struct krb_authenticator *authenticator = &opened->authenticator;

    if (!authenticator->has_subkey)
        return SEC_E_OK;
    if (!krb_etype_allowed(settings, authenticator->subkey.etype))
        return etype_refuse(step, opened, "the client's subkey", authenticator->subkey.etype);
    if (!krb_key_set(&opened->subkey, authenticator->subkey.etype, authenticator->subkey.value))
        return malformed(step, opened, "the client's subkey has a wrong size");
    return SEC_E_OK;
}

static SECURITY_STATUS time_check(const struct settings *settings, struct step *step, struct krb_opened *opened)
{
    const int64_t limit = (int64_t)settings->allow_clock_skew_seconds * CLOCK_TICKS_PER_SECOND;
    const int64_t apart = clock_now() - opened->authenticator.time;

    if (apart <= limit && -apart <= limit)
        return SEC_E_OK;
    opened->error = KRB_ERR_SKEW;
    return failure_set(step->failure, SEC_E_TIME_SKEW, SSPI_REASON_CLOCK_SKEW,
                       "the clock of %s@%s is %" PRId64
                       " seconds %s ours, %u are allowed (option allow_clock_skew_seconds)",
                       opened->client, opened->client_realm, (apart < 0 ? -apart : apart) / CLOCK_TICKS_PER_SECOND,
                       apart < 0 ? "ahead of" : "behind", (unsigned)settings->allow_clock_skew_seconds);
}

static void login_note(struct step *step, const struct krb_opened *opened)
{
    char text[2 * KRB_TEXT_MAX];

    snprintf(text, sizeof text, "%s@%s", opened->client, opened->client_realm);
    krb_text_copy(step->login->client, sizeof step->login->client, text);
}

SECURITY_STATUS krb_ap_req_open(struct krb_credential *credential, struct step *step, struct krb_opened *out)
{
    const struct settings *settings = &credential->base.settings;
    SECURITY_STATUS status;

    *out = (struct krb_opened){.error = KRB_ERR_GENERIC};
    status = message_read(step, out);
    if (status != SEC_E_OK)
        return status;
    if (!krb_etype_allowed(settings, out->request.ticket.encrypted.etype))
        return etype_refuse(step, out, "the ticket", out->request.ticket.encrypted.etype);
    out->room_size = out->request.ticket.encrypted.cipher.size + out->request.authenticator.cipher.size;
    out->room = mem_alloc(out->room_size);
    if (!out->room)
        return no_memory(step);
    status = ticket_open(credential, step, out);
    if (status == SEC_E_OK)
        status = ticket_check(credential, step, out);
    if (status == SEC_E_OK)
        status = authenticator_decrypt(settings, step, out);
    if (status == SEC_E_OK)
        status = client_check(step, out);
    if (status != SEC_E_OK)
        return status;
    login_note(step, out);
    status = time_check(settings, step, out);
    return status == SEC_E_OK ? subkey_take(settings, step, out) : status;
}

void krb_opened_clear(struct krb_opened *opened)
{
    krb_keys_release(opened->keys);
    mem_free_secret(opened->room, opened->room_size);
    secret_wipe(opened, sizeof *opened);
}
