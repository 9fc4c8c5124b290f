/*
 * Certificates as bytes and files, for the tests of loading. Everything stays in memory or in one folder that goes with
 * the process.
 */
#ifndef SSPI_TESTS_CERTIFICATE_RIG_H
#define SSPI_TESTS_CERTIFICATE_RIG_H

#include "certificate/certificate.h"
#include "pki.h"
#include "test.h"

/* A server's certificate of the authority, the same one for each name and key in a process. */
X509 *rig_x509(const char *name, enum pki_key key);
/* PEM of it and its key; with `chain` the authority behind it. Never freed. */
struct bytes rig_pem(const char *name, enum pki_key key, bool with_key, bool chain);
/* The key alone, PKCS#8 in PEM; encrypted where a password is given; `old`: the form with a header. */
struct bytes rig_key_pem(enum pki_key key, const char *password, bool old);
struct bytes rig_der(const char *name, enum pki_key key);
struct bytes rig_key_der(enum pki_key key);
/* With the authority in its chain. */
struct bytes rig_pkcs12(const char *name, enum pki_key key, const char *password);

struct bytes rig_text(const char *text);

/* A file in a fresh folder of the process, of this mode; its path is never freed. */
const char *rig_file(const char *name, struct bytes content, unsigned mode);
/* The folder itself. */
const char *rig_folder(void);

/* Loads, and expects this status and these words in the explanation. */
void rig_refused(const struct certificate_source *source, const char *words);

#endif
