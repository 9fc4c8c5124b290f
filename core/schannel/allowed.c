/*
 * QueryCredentialsAttributes: what the connections of a credential may agree on, read from its SSL_CTX. Before there is
 * one, from another that lives for the question, so that asking closes no option.
 */
#include <stdatomic.h>

#include "certificate/openssl.h"
#include "crypto/library.h"
#include "schannel/credential.h"

static SECURITY_STATUS tls_hold(struct schannel_credential *credential, bool acceptor, SSL_CTX **tls,
                                struct failure *failure)
{
    SECURITY_STATUS status;

    *tls = atomic_load_explicit(&credential->tls, memory_order_acquire);
    if (*tls)
        return SSL_CTX_up_ref(*tls) == 1 ? SEC_E_OK : SEC_E_INTERNAL_ERROR;
    *tls = SSL_CTX_new_ex(crypto_library()->context, NULL, acceptor ? TLS_server_method() : TLS_client_method());
    if (!*tls)
        return schannel_tls_refused(failure, SEC_E_INTERNAL_ERROR, "OpenSSL makes no SSL_CTX");
    status = schannel_policy_apply(credential, acceptor, *tls, failure);
    if (status != SEC_E_OK)
        SSL_CTX_free(*tls);
    return status;
}

/* Once each; the numbers of more algorithms than there is room for do not exist. */
static void number_add(struct credential_value *value, ULONG number)
{
    for (size_t i = 0; i < value->count; i++)
        if (value->numbers[i] == number)
            return;
    if (number && value->count < CREDENTIAL_NUMBERS)
        value->numbers[value->count++] = number;
}

static void algorithms_list(STACK_OF(SSL_CIPHER) * ciphers, struct credential_value *value)
{
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
        ALG_ID ids[SCHANNEL_SUITE_IDS];

        schannel_suite_ids(sk_SSL_CIPHER_value(ciphers, i), ids);
        for (size_t part = 0; part < SCHANNEL_SUITE_IDS; part++)
            number_add(value, ids[part]);
    }
}

static void strengths_measure(STACK_OF(SSL_CIPHER) * ciphers, struct credential_value *value)
{
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
        const ULONG bits = (ULONG)SSL_CIPHER_get_bits(sk_SSL_CIPHER_value(ciphers, i), NULL);

        if (i == 0 || bits < value->numbers[0])
            value->numbers[0] = bits;
        if (bits > value->numbers[1])
            value->numbers[1] = bits;
    }
    value->count = 2;
}

/* Of an SSL, whose list leaves out what its versions cannot speak. */
static SECURITY_STATUS ciphers_read(SSL_CTX *tls, ULONG attribute, struct credential_value *value)
{
    SSL *ssl = SSL_new(tls);
    STACK_OF(SSL_CIPHER) *ciphers = ssl ? SSL_get1_supported_ciphers(ssl) : NULL;

    if (ciphers && attribute == SECPKG_ATTR_SUPPORTED_ALGS)
        algorithms_list(ciphers, value);
    else if (ciphers)
        strengths_measure(ciphers, value);
    sk_SSL_CIPHER_free(ciphers);
    SSL_free(ssl);
    return ciphers ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

static SECURITY_STATUS attribute_read(struct schannel_credential *credential, ULONG attribute,
                                      struct credential_value *value, struct failure *failure)
{
    const bool acceptor = (credential->base.use & SECPKG_CRED_INBOUND) != 0;
    SECURITY_STATUS status;
    SSL_CTX *tls;

    status = tls_hold(credential, acceptor, &tls, failure);
    if (status != SEC_E_OK)
        return status;
    if (attribute == SECPKG_ATTR_SUPPORTED_PROTOCOLS)
        value->numbers[value->count++] = schannel_policy_versions(acceptor, tls);
    else
        status = ciphers_read(tls, attribute, value);
    SSL_CTX_free(tls);
    return status;
}

SECURITY_STATUS schannel_query_credential(struct credential *base, ULONG attribute, struct credential_value *value,
                                          struct failure *failure)
{
    SECURITY_STATUS status;

    openssl_enter();
    status = attribute_read((struct schannel_credential *)base, attribute, value, failure);
    openssl_leave();
    return status;
}
