/*
 * MakeSignature, VerifySignature, EncryptMessage and DecryptMessage of Kerberos: chooses the family of tokens by the
 * key.
 */
#include "kerberos/seal.h"

#include "kerberos/seal_parts.h"

#define AES_HEADER 16
#define AES_CONFOUNDER 16
#define DCE_FILLER 16
#define RC4_MIC 37
#define RC4_TRAILER 45
#define FRAME_GROWTH 4 /* a GSS frame around more than 127 bytes has a longer length */

static bool is_rc4(const struct krb_session *session)
{
    return session->key.etype->number == KRB_ETYPE_RC4;
}

void krb_session_sizes(const struct krb_session *session, ULONG *max_signature, ULONG *trailer, ULONG *block)
{
    const struct krb_etype *etype = session->key.etype;

    *block = 1;
    if (is_rc4(session)) {
        *max_signature = RC4_MIC;
        *trailer = RC4_TRAILER + (session->dce_style ? 0 : FRAME_GROWTH);
        return;
    }
    *max_signature = AES_HEADER + (ULONG)etype->checksum_size;
    *trailer =
        AES_HEADER + AES_HEADER + AES_CONFOUNDER + (ULONG)etype->mac_size + (session->dce_style ? DCE_FILLER : 0);
}

typedef SECURITY_STATUS family_function(struct seal_work *work);

static SECURITY_STATUS run(struct krb_session *session, struct message *message, family_function *aes,
                           family_function *rc4)
{
    struct seal_work work;
    SECURITY_STATUS status = seal_begin(&work, session, message);

    if (status == SEC_E_OK)
        status = (is_rc4(session) ? rc4 : aes)(&work);
    seal_end(&work);
    return status;
}

static SECURITY_STATUS aes_seal(struct seal_work *work)
{
    return seal_aes_wrap(work, true);
}

static SECURITY_STATUS rc4_seal(struct seal_work *work)
{
    return seal_rc4_wrap(work, true);
}

static SECURITY_STATUS aes_wrap_plain(struct seal_work *work)
{
    return seal_aes_wrap(work, false);
}

static SECURITY_STATUS rc4_wrap_plain(struct seal_work *work)
{
    return seal_rc4_wrap(work, false);
}

/* What a signature or a seal is written to: not where the caller marked it read-only. */
static SECURITY_STATUS writable_check(const struct message *message)
{
    static const ULONG types[] = {SECBUFFER_TOKEN, SECBUFFER_PADDING};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        const SecBuffer *buffer = message_find(message, types[i]);

        if (buffer && (buffer->BufferType & (SECBUFFER_READONLY | SECBUFFER_READONLY_WITH_CHECKSUM)))
            return failure_set(message->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_USAGE,
                               "the SECBUFFER_TOKEN or SECBUFFER_PADDING is marked read-only");
    }
    return SEC_E_OK;
}

SECURITY_STATUS krb_session_sign(struct krb_session *session, struct message *message)
{
    SECURITY_STATUS status = writable_check(message);

    return status != SEC_E_OK ? status : run(session, message, seal_aes_sign, seal_rc4_sign);
}

SECURITY_STATUS krb_session_verify(struct krb_session *session, struct message *message)
{
    return run(session, message, seal_aes_verify, seal_rc4_verify);
}

/* What is sent is the three buffers one after the other, so an unused one must say that it is empty. */
static void padding_empty(const struct krb_session *session, const struct message *message)
{
    SecBuffer *padding = message_find(message, SECBUFFER_PADDING);

    if (padding && (!is_rc4(session) || session->dce_style))
        padding->cbBuffer = 0;
}

SECURITY_STATUS krb_session_seal(struct krb_session *session, struct message *message)
{
    const bool sealed = message->qop != SECQOP_WRAP_NO_ENCRYPT;
    SECURITY_STATUS status = writable_check(message);

    if (status == SEC_E_OK)
        status = run(session, message, sealed ? aes_seal : aes_wrap_plain, sealed ? rc4_seal : rc4_wrap_plain);
    if (status == SEC_E_OK)
        padding_empty(session, message);
    return status;
}

SECURITY_STATUS krb_session_unseal(struct krb_session *session, struct message *message)
{
    return run(session, message, seal_aes_unwrap, seal_rc4_unwrap);
}
