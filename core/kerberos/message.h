/*
 * Kerberos messages on the wire (RFC 4120 5): decoded into views that borrow from the input, encoded without
 * allocation. One part of the package's internal interface, see kerberos.h.
 */
#ifndef SSPI_KERBEROS_MESSAGE_H
#define SSPI_KERBEROS_MESSAGE_H

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/der.h"
#include "crypto/krb_key.h"

#define KRB_PVNO 5
#define KRB_AP_REQ 14
#define KRB_AP_REP 15
#define KRB_ERROR 30

#define KRB_NAME_PARTS_MAX 8

/* ap-options (RFC 4120 5.5.1). */
#define KRB_AP_USE_SESSION_KEY 0x40000000u
#define KRB_AP_MUTUAL_REQUIRED 0x20000000u

/* Ticket flags (RFC 4120 5.3, RFC 6806, [MS-KILE] 3.3.1). */
#define KRB_TICKET_FORWARDABLE 0x40000000u
#define KRB_TICKET_INVALID 0x01000000u
#define KRB_TICKET_OK_AS_DELEGATE 0x00040000u
#define KRB_TICKET_ANONYMOUS 0x00008000u
#define KRB_TICKET_TRANSIT_CHECKED 0x00080000u

/* Key usages (RFC 4120 7.5.1, RFC 4121 2). */
#define KRB_USAGE_TICKET 2
#define KRB_USAGE_AUTHENTICATOR_CHECKSUM 10
#define KRB_USAGE_AUTHENTICATOR 11
#define KRB_USAGE_AP_REP 12
#define KRB_USAGE_KRB_CRED 14
#define KRB_USAGE_PAC 17
#define KRB_USAGE_ACCEPTOR_SEAL 22
#define KRB_USAGE_ACCEPTOR_SIGN 23
#define KRB_USAGE_INITIATOR_SEAL 24
#define KRB_USAGE_INITIATOR_SIGN 25

/* Error codes (RFC 4120 7.5.9). */
#define KRB_ERR_TKT_EXPIRED 32
#define KRB_ERR_TKT_NYV 33
#define KRB_ERR_REPEAT 34
#define KRB_ERR_NOT_US 35
#define KRB_ERR_BADMATCH 36
#define KRB_ERR_SKEW 37
#define KRB_ERR_BADVERSION 39
#define KRB_ERR_MSG_TYPE 40
#define KRB_ERR_MODIFIED 41
#define KRB_ERR_BADKEYVER 44
#define KRB_ERR_NOKEY 45
#define KRB_ERR_INAPP_CKSUM 50
#define KRB_ERR_GENERIC 60
#define KRB_ERR_BAD_INTEGRITY 31

struct krb_name {
    int32_t type;
    size_t count;
    struct bytes parts[KRB_NAME_PARTS_MAX]; /* KerberosString: UTF-8 in practice */
};

struct krb_encrypted {
    int32_t etype;
    bool has_kvno;
    uint32_t kvno;
    struct bytes cipher;
};

struct krb_wire_key {
    int32_t etype;
    struct bytes value; /* secret: borrows from a decryption buffer that its owner wipes */
};

struct krb_ticket {
    struct bytes whole; /* as it arrived, tag and length included */
    struct bytes realm;
    struct krb_name service;
    struct krb_encrypted encrypted;
};

struct krb_ap_req {
    uint32_t options;
    struct krb_ticket ticket;
    struct krb_encrypted authenticator;
};

/* Times are FILETIME ticks. Optional times are 0 where absent. */
struct krb_ticket_part {
    uint32_t flags;
    struct krb_wire_key key;
    struct bytes client_realm;
    struct krb_name client;
    bool transited; /* through realms between the client's and the service's, or in an unknown form */
    int64_t auth_time, start_time, end_time, renew_till;
    struct bytes authorization_data; /* content of AuthorizationData's SEQUENCE; empty where absent */
};

struct krb_authenticator {
    struct bytes client_realm;
    struct krb_name client;
    bool has_checksum;
    int32_t checksum_type;
    struct bytes checksum;
    uint32_t microseconds;
    int64_t time; /* whole seconds; microseconds apart */
    bool has_subkey;
    struct krb_wire_key subkey;
    bool has_sequence;
    uint32_t sequence;
    struct bytes authorization_data;
};

struct krb_ap_rep_part {
    int64_t time;
    uint32_t microseconds;
    bool has_subkey;
    struct krb_wire_key subkey;
    bool has_sequence;
    uint32_t sequence;
};

struct krb_error {
    bool has_client_time;
    int64_t client_time;
    uint32_t client_microseconds;
    int64_t server_time;
    uint32_t server_microseconds;
    int32_t code;
    struct bytes realm;
    struct krb_name service;
    struct bytes text;
    struct bytes data;
};

/* Decoders: the whole input must be one message. */
MUST_CHECK bool krb_ap_req_decode(struct bytes message, struct krb_ap_req *out);
MUST_CHECK bool krb_ticket_part_decode(struct bytes message, struct krb_ticket_part *out);
MUST_CHECK bool krb_authenticator_decode(struct bytes message, struct krb_authenticator *out);
MUST_CHECK bool krb_ap_rep_decode(struct bytes message, struct krb_encrypted *out);
MUST_CHECK bool krb_ap_rep_part_decode(struct bytes message, struct krb_ap_rep_part *out);
MUST_CHECK bool krb_error_decode(struct bytes message, struct krb_error *out);
MUST_CHECK bool krb_ticket_decode(struct bytes message, struct krb_ticket *out);

/* Authorization data one element at a time: false at the end, `*ok` false if malformed. */
MUST_CHECK bool krb_authorization_next(struct cursor *in, int32_t *type, struct bytes *data, bool *ok);

/* Encoders, over the backward writer. */
void krb_ap_req_encode(struct der_writer *out, uint32_t options, struct bytes ticket /* whole Ticket */,
                       const struct krb_encrypted *authenticator);
void krb_authenticator_encode(struct der_writer *out, const struct krb_authenticator *value);
void krb_ap_rep_encode(struct der_writer *out, const struct krb_encrypted *encrypted);
void krb_ap_rep_part_encode(struct der_writer *out, const struct krb_ap_rep_part *value);
void krb_error_encode(struct der_writer *out, const struct krb_error *value);
void krb_encrypted_encode(struct der_writer *out, const struct krb_encrypted *value);

/* Equal in type-insensitive way, as RFC 4120 6.2 compares names. */
MUST_CHECK bool krb_name_equal(const struct krb_name *a, const struct krb_name *b);

#endif
