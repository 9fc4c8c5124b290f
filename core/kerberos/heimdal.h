/*
 * Between the files that are named heimdal only: libkrb5's context of a thread, its errors as statuses, its caches.
 */
#ifndef SSPI_KERBEROS_HEIMDAL_H
#define SSPI_KERBEROS_HEIMDAL_H

#include <krb5.h>

#include "kerberos/kerberos.h"

/* This thread's context: no DNS to change names, nothing from home folders of privileged programs. */
MUST_CHECK SECURITY_STATUS heimdal_context(krb5_context *context, struct failure *failure);

/* `error` of libkrb5 as a status, explained as "WHAT: libkrb5's words". SEC_E_OK for 0. */
MUST_CHECK SECURITY_STATUS heimdal_status(krb5_context context, krb5_error_code error, const char *what,
                                          struct failure *failure);

/* Where an initiator's tickets are: a MEMORY cache of libkrb5 that is our own. */
struct krb_cache {
    atomic_size_t references;
    char *name;
    char *service; /* of an acceptor's own login: the service that it is for; NULL */
    int64_t end;   /* of the ticket-granting ticket */
};

/* A ticket got with a password or a keytab is renewed this long before its end. */
#define HEIMDAL_RENEW_BEFORE (60 * CLOCK_TICKS_PER_SECOND)

/* Who logs in at the KDC: with keys, or (NULL) with a password. */
struct krb_login {
    const char *name;
    const struct krb_keys *keys;
    const struct secret *password;
};

/* A ticket-granting ticket in a new cache. Waits for the KDC. */
MUST_CHECK SECURITY_STATUS heimdal_login(krb5_context context, const struct krb_login *as, struct krb_cache **cache,
                                         struct failure *failure);

/* A new cache of `client` with one ticket, or (NULL) none; its name is allocated. */
MUST_CHECK krb5_error_code heimdal_cache_make(krb5_context context, krb5_principal client, krb5_creds *creds,
                                              char **name);
/* The credential's cache. */
MUST_CHECK SECURITY_STATUS heimdal_cache_open(krb5_context context, struct krb_credential *credential,
                                              krb5_ccache *cache, struct failure *failure);
int64_t heimdal_time(time_t seconds);

/*
 * class/host[:port][/name][@REALM], in the realm that krb5.conf gives the host, else the client's. The port is no part
 * of a name at the KDC unless the KDC's database says so.
 */
MUST_CHECK krb5_error_code heimdal_service_parse(krb5_context context, const char *target, krb5_principal client,
                                                 krb5_principal *service);

/* heimdal_service.c: the one service of a credential, with realm: an account that was named, or what all fitting keys
 * are of. */
MUST_CHECK SECURITY_STATUS heimdal_service_choose(struct krb_credential *credential, char service[2 * KRB_TEXT_MAX],
                                                  struct failure *failure);
/* Its ticket-granting ticket, retained. Waits for the KDC if there is none that lasts a while. */
MUST_CHECK SECURITY_STATUS heimdal_service_login(krb5_context context, struct krb_credential *credential,
                                                 const char *service, struct krb_cache **cache,
                                                 struct failure *failure);

/* heimdal_s4u.c: a ticket for `target` from the credential's `cache`, or by the KDC's leave. `*creds` is libkrb5's. */
MUST_CHECK SECURITY_STATUS heimdal_s4u_ticket(krb5_context context, struct krb_credential *credential,
                                              krb5_ccache cache, const char *target, krb5_creds **creds,
                                              struct failure *failure);

#endif
