/*
 * Stores of certificates, as programs hold them (HCERTSTORE): an ordered list in memory.
 */
#ifndef SSPI_CERTIFICATE_STORE_H
#define SSPI_CERTIFICATE_STORE_H

#include "certificate/certificate.h"

struct certificate_store {
    pthread_mutex_t lock;
    struct certificate **rows; /* a reference to each */
    size_t count;
};

/* NULL: no memory. Begins with one reference, the program's. */
MUST_CHECK struct certificate_store *certificate_store_new(void);

/* What a program's handle stands for, retained; NULL for one that is no living store. */
MUST_CHECK struct certificate_store *certificate_store_hold(HCERTSTORE handle);
void certificate_store_release(struct certificate_store *store); /* NULL is legal */

/* Gives up a program's reference. False for a handle that is no living store. */
MUST_CHECK bool certificate_store_close(HCERTSTORE handle);

/* Adds at the end, with a reference of its own. False: no memory. */
MUST_CHECK bool certificate_store_add(struct certificate_store *store, struct certificate *certificate);

/* The first certificate from `index` on that `wanted` takes (NULL: any), retained, and its index; NULL past the end. */
typedef bool certificate_wanted(const struct certificate *certificate, const void *argument);
MUST_CHECK struct certificate *certificate_store_find(struct certificate_store *store, certificate_wanted *wanted,
                                                      const void *argument, size_t *index);

/* The place of a certificate in the store; false if it is not in it. */
MUST_CHECK bool certificate_store_index(struct certificate_store *store, const struct certificate *certificate,
                                        size_t *index);

/*
 * Gives a certificate that nobody else knows yet its hCertStore: itself and its chain, in that order, as objects of
 * their own. It goes with the certificate. SEC_E_INSUFFICIENT_MEMORY.
 */
MUST_CHECK SECURITY_STATUS certificate_store_attach(struct certificate *certificate);

/* ---- store_load.c ---- */

/* Adds what is in PEM text, DER, or PKCS#12 with a password: for a PKCS#12 the leaf has its key. */
MUST_CHECK SECURITY_STATUS certificate_store_load(struct certificate_store *store, struct bytes content,
                                                  const char *where, struct bytes password, struct failure *failure);
/* The same from a file, or every visible file of a folder. */
MUST_CHECK SECURITY_STATUS certificate_store_load_path(struct certificate_store *store, const char *path,
                                                       struct failure *failure);

#endif
