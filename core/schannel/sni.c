/*
 * Several certificates behind one address: the name that the client asks for (RFC 6066, 3) decides. Certificates with
 * the same names and keys of another kind are one choice, and OpenSSL takes of them what the client can verify.
 */
#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "schannel/credential.h"

struct named {
    SSL_CTX *tls;
    X509 *x509; /* whose names they are; borrowed from the credential */
};

struct schannel_names {
    size_t count;
    struct named rows[];
};

/* Both certificates say the same names, in the same order; without an alternative name the subject counts. */
static bool same_names(X509 *a, X509 *b)
{
    const int place_a = X509_get_ext_by_NID(a, NID_subject_alt_name, -1);
    const int place_b = X509_get_ext_by_NID(b, NID_subject_alt_name, -1);

    if (place_a < 0 || place_b < 0)
        return place_a < 0 && place_b < 0 && X509_NAME_cmp(X509_get_subject_name(a), X509_get_subject_name(b)) == 0;
    return ASN1_OCTET_STRING_cmp(X509_EXTENSION_get_data(X509_get_ext(a, place_a)),
                                 X509_EXTENSION_get_data(X509_get_ext(b, place_b)))
           == 0;
}

static bool kind_taken(struct certificate *const *group, size_t count, const struct certificate *certificate)
{
    for (size_t i = 0; i < count; i++)
        if (EVP_PKEY_get_base_id(group[i]->key) == EVP_PKEY_get_base_id(certificate->key))
            return true;
    return false;
}

size_t schannel_names_group(const struct schannel_credential *credential, size_t first, struct certificate **group)
{
    struct certificate *const *all = credential->certificates;
    size_t count = 0;

    group[count++] = all[first];
    for (size_t i = first + 1; i < credential->certificate_count; i++)
        if (same_names(all[first]->x509, all[i]->x509) && !kind_taken(group, count, all[i]))
            group[count++] = all[i];
    return count;
}

/* A certificate before this one took it into its group. */
static bool grouped_before(const struct schannel_credential *credential, size_t place, struct certificate **group)
{
    for (size_t first = 0; first < place; first++) {
        size_t count = schannel_names_group(credential, first, group);

        for (size_t i = 1; i < count; i++)
            if (group[i] == credential->certificates[place])
                return true;
    }
    return false;
}

static SECURITY_STATUS rows_make(struct schannel_credential *credential, struct schannel_names *names,
                                 struct certificate **group, struct failure *failure)
{
    SECURITY_STATUS status = SEC_E_OK;

    for (size_t i = 0; i < credential->certificate_count && status == SEC_E_OK; i++) {
        struct named *row = &names->rows[names->count];
        size_t count;

        if (grouped_before(credential, i, group))
            continue;
        count = schannel_names_group(credential, i, group);
        status = schannel_tls_one(credential, true, group, count, &row->tls, failure);
        row->x509 = credential->certificates[i]->x509;
        names->count++;
    }
    return status;
}

/* The row whose certificate is good for the name; of two the one that says it without a wildcard. */
static SSL_CTX *choose(const struct schannel_names *names, const char *name)
{
    static const unsigned flags[] = {X509_CHECK_FLAG_NO_WILDCARDS, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS};

    for (size_t pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < names->count; i++)
            if (X509_check_host(names->rows[i].x509, name, 0, flags[pass], NULL) == 1)
                return names->rows[i].tls;
    return NULL;
}

/* An unknown name gets the first certificate: a client that minds sees that it is not the one's it wanted. */
static int name_chosen(SSL *ssl, int *alert, void *argument)
{
    const struct schannel_names *names = schannel_credential_of(ssl)->names;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    SSL_CTX *chosen = names && name ? choose(names, name) : NULL;

    (void)alert, (void)argument;
    if (chosen && !SSL_set_SSL_CTX(ssl, chosen))
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    return SSL_TLSEXT_ERR_OK;
}

SECURITY_STATUS schannel_names_new(struct schannel_credential *credential, SSL_CTX *tls, struct schannel_names **out,
                                   struct failure *failure)
{
    const size_t count = credential->certificate_count;
    struct schannel_names *names = mem_zalloc(sizeof *names + count * sizeof names->rows[0]);
    struct certificate **group = mem_array(count, sizeof(struct certificate *));
    SECURITY_STATUS status;

    *out = NULL;
    if (names && group)
        status = rows_make(credential, names, group, failure);
    else
        status = failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for names");
    mem_free(group);
    if (status != SEC_E_OK) {
        schannel_names_free(names);
        return status;
    }
    SSL_CTX_set_tlsext_servername_callback(tls, name_chosen);
    *out = names;
    return SEC_E_OK;
}

void schannel_names_free(struct schannel_names *names)
{
    if (!names)
        return;
    for (size_t i = 0; i < names->count; i++)
        SSL_CTX_free(names->rows[i].tls);
    mem_free(names);
}
