/*
 * Between heimdal.c and heimdal_ticket.c only: libkrb5's context of a thread, and its errors as statuses.
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
    int64_t end; /* of the ticket-granting ticket */
};

/* A new cache of `client` with one ticket; its name is allocated. */
MUST_CHECK krb5_error_code heimdal_cache_make(krb5_context context, krb5_principal client, krb5_creds *creds,
                                              char **name);
/* The credential's cache. */
MUST_CHECK SECURITY_STATUS heimdal_cache_open(krb5_context context, struct krb_credential *credential,
                                              krb5_ccache *cache, struct failure *failure);
int64_t heimdal_time(time_t seconds);

#endif
