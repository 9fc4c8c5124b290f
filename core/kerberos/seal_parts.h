/*
 * Inside the per-message files only: the caller's buffers sorted out, the same for RFC 4121 and RFC 4757.
 */
#ifndef SSPI_KERBEROS_SEAL_PARTS_H
#define SSPI_KERBEROS_SEAL_PARTS_H

#include "kerberos/seal.h"

#define SEAL_FEW_BYTES 1024

/*
 * One message. `text` is a contiguous copy of what is (or will be) encrypted, with room before and after the data for
 * what a token adds; buffers are gathered into it and scattered back.
 */
struct seal_work {
    struct krb_session *session;
    struct message *message;
    SecBuffer *token;  /* SECBUFFER_TOKEN; NULL with a stream */
    SecBuffer *stream; /* SECBUFFER_STREAM: the whole token, for unsealing */
    size_t data_size;  /* of all buffers to be encrypted */
    uint8_t few[SEAL_FEW_BYTES];
    uint8_t *text;
    size_t text_size;
};

/* Signed: DATA without READONLY. Sealed: signed without READONLY_WITH_CHECKSUM. PADDING is neither. */
MUST_CHECK bool seal_is_signed(const SecBuffer *buffer);
MUST_CHECK bool seal_is_sealed(const SecBuffer *buffer);

/* Finds TOKEN and DATA and counts; SEC_E_INVALID_TOKEN where one that is needed is missing. */
MUST_CHECK SECURITY_STATUS seal_begin(struct seal_work *work, struct krb_session *session, struct message *message);
void seal_end(struct seal_work *work); /* wipes and frees `text` */
MUST_CHECK SECURITY_STATUS seal_reserve(struct seal_work *work, size_t size);

void seal_gather(const struct seal_work *work, uint8_t *to);
void seal_scatter(const struct seal_work *work, const uint8_t *from);

/*
 * What the MAC covers: `before`, then every signed buffer in order (sealed ones at their place in `text` from `data`
 * on), then `after`. With a stream `before` holds the data and no buffer takes part. SEC_E_INVALID_TOKEN when they are
 * too many.
 */
MUST_CHECK SECURITY_STATUS seal_cover(const struct seal_work *work, struct bytes before, const uint8_t *data,
                                      struct bytes after, struct bytes parts[KRB_COVERED_MAX], size_t *count);

/* Common answers. */
SECURITY_STATUS seal_altered(struct message *message);
SECURITY_STATUS seal_malformed(struct message *message, const char *what);
SECURITY_STATUS seal_failed(struct message *message);

/* Checks a received number against what was negotiated, and on success moves on. The token has been verified. */
MUST_CHECK SECURITY_STATUS seal_sequence_check(struct krb_session *session, uint64_t number, struct message *message);

/* The two families. */
MUST_CHECK SECURITY_STATUS seal_aes_sign(struct seal_work *work);
MUST_CHECK SECURITY_STATUS seal_aes_verify(struct seal_work *work);
MUST_CHECK SECURITY_STATUS seal_aes_wrap(struct seal_work *work, bool sealed);
MUST_CHECK SECURITY_STATUS seal_aes_unwrap(struct seal_work *work);
MUST_CHECK SECURITY_STATUS seal_rc4_sign(struct seal_work *work);
MUST_CHECK SECURITY_STATUS seal_rc4_verify(struct seal_work *work);
MUST_CHECK SECURITY_STATUS seal_rc4_wrap(struct seal_work *work, bool sealed);
MUST_CHECK SECURITY_STATUS seal_rc4_unwrap(struct seal_work *work);

#endif
