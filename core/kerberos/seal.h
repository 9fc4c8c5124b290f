/*
 * Per-message tokens of an established Kerberos context: RFC 4121 for the AES types, RFC 4757 for RC4.
 * One part of the package's internal interface, see kerberos.h. Nothing here knows of tickets.
 */
#ifndef SSPI_KERBEROS_SEAL_H
#define SSPI_KERBEROS_SEAL_H

#include "api/provider.h"
#include "crypto/krb_key.h"

/* What sealing needs of a context. The owner fills in the first part when the context is established and wipes it all.
 */
struct krb_session {
    struct krb_key key;   /* the key that protects messages: acceptor's subkey, else initiator's, else the ticket's */
    bool acceptor;        /* our side */
    bool acceptor_subkey; /* `key` was made by the acceptor: flag 4 of RFC 4121 4.2.2 */
    bool dce_style;
    bool detect_replay, detect_sequence; /* what was negotiated */
    uint64_t send_sequence;              /* the next number we send: AP-REP's or authenticator's at the start */
    uint64_t receive_sequence;           /* the next number we expect */
    uint64_t
        receive_window; /* bit n: number receive_sequence - 1 - n was seen; for replay detection without sequence */

    /* Derived on first use; the owner only wipes. */
    bool derived_send, derived_receive;
    struct krb_usage seal_send, seal_receive;
};

/* SECPKG_ATTR_SIZES: signature, trailer and block size of this session. */
void krb_session_sizes(const struct krb_session *session, ULONG *max_signature, ULONG *trailer, ULONG *block);

/* The four message functions of the provider, on the session. Statuses: those of MakeSignature and so on. */
MUST_CHECK SECURITY_STATUS krb_session_sign(struct krb_session *session, struct message *message);
MUST_CHECK SECURITY_STATUS krb_session_verify(struct krb_session *session, struct message *message);
MUST_CHECK SECURITY_STATUS krb_session_seal(struct krb_session *session, struct message *message);
MUST_CHECK SECURITY_STATUS krb_session_unseal(struct krb_session *session, struct message *message);

#endif
