/*
 * What the fuzzers of core/certificate/ share: checks, everything read of a certificate, and public keys decoded the
 * short way.
 */
#ifndef SSPI_TESTS_FUZZ_CERTIFICATE_RIG_H
#define SSPI_TESTS_FUZZ_CERTIFICATE_RIG_H

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/engine.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "base/live.h"
#include "base/memory.h"
#include "certificate/certificate.h"
#include "certificate/load.h"
#include "certificate/name.h"
#include "certificate/openssl.h"

static inline void expect(bool good)
{
    if (!good)
        abort();
}

static inline int keys_give(ENGINE *engine, EVP_PKEY_METHOD **method, const int **nids, int nid)
{
    static const int known[] = {NID_rsaEncryption, NID_rsassaPss, NID_X9_62_id_ecPublicKey, NID_ED25519, NID_ED448};

    (void)engine;
    if (!method) {
        *nids = known;
        return sizeof known / sizeof known[0];
    }
    *method = (EVP_PKEY_METHOD *)EVP_PKEY_meth_find(nid);
    return *method != NULL;
}

/*
 * OpenSSL 3.0 collects all decoders of all providers for each public key of each certificate: nine of ten parts of the
 * time, and none of it code of ours. With an engine for these keys it takes its older way.
 */
static inline void keys_the_short_way(void)
{
    static ENGINE *engine;

    if (engine)
        return;
    engine = ENGINE_new();
    expect(engine && ENGINE_set_id(engine, "short") && ENGINE_set_pkey_meths(engine, keys_give)
           && ENGINE_register_pkey_meths(engine));
}

/* Nothing is left over: no object, no error in the queue. */
static inline void expect_nothing_left(int objects)
{
    expect(live_count() == (size_t)objects && ERR_peek_error() == 0);
}

static inline size_t sum_of(const uint8_t *data, size_t size)
{
    size_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum += data[i];
    return sum;
}

static inline void read_names(const struct certificate *certificate)
{
    static const DWORD types[] = {CERT_NAME_EMAIL_TYPE,          CERT_NAME_RDN_TYPE, CERT_NAME_ATTR_TYPE,
                                  CERT_NAME_SIMPLE_DISPLAY_TYPE, CERT_NAME_DNS_TYPE, CERT_NAME_UPN_TYPE};

    for (size_t i = 0; i < 2 * sizeof types / sizeof types[0]; i++) {
        char *name = certificate_name(certificate, types[i / 2], i % 2, "2.5.4.3");

        expect(name && strlen(name) < CERTIFICATE_TRUST_LIMIT);
        mem_free(name);
    }
    expect(certificate_name_holds(certificate, false, ""));
}

/* Every byte that a program can reach. */
static inline void read_all(struct certificate *certificate)
{
    const CERT_INFO *info = certificate->context.pCertInfo;
    uint8_t hash[CERTIFICATE_HASH_SIZE];
    size_t sum = 0;

    expect(certificate_hold(&certificate->context) == certificate);
    certificate_release(certificate);
    for (DWORD i = 0; i < info->cExtension; i++)
        sum += sum_of(info->rgExtension[i].Value.pbData, info->rgExtension[i].Value.cbData)
               + strlen(info->rgExtension[i].pszObjId);
    sum += sum_of(info->SerialNumber.pbData, info->SerialNumber.cbData);
    sum += sum_of(info->Subject.pbData, info->Subject.cbData) + sum_of(info->Issuer.pbData, info->Issuer.cbData);
    sum += sum_of(info->SubjectPublicKeyInfo.PublicKey.pbData, info->SubjectPublicKeyInfo.PublicKey.cbData);
    sum += sum_of(info->SubjectPublicKeyInfo.Algorithm.Parameters.pbData,
                  info->SubjectPublicKeyInfo.Algorithm.Parameters.cbData);
    sum += sum_of(info->IssuerUniqueId.pbData, info->IssuerUniqueId.cbData)
           + sum_of(info->SubjectUniqueId.pbData, info->SubjectUniqueId.cbData);
    sum += sum_of(certificate->context.pbCertEncoded, certificate->context.cbCertEncoded);
    expect(certificate_hash(certificate, hash) && sum != SIZE_MAX);
    read_names(certificate);
}

/* Loads; a refusal is explained. */
static inline void load_and_read(const struct certificate_source *source)
{
    struct certificate *certificate;
    struct failure failure = {0};
    SECURITY_STATUS status = certificate_load(source, &certificate, &failure);

    expect((status == SEC_E_OK) == (certificate != NULL));
    expect(status == SEC_E_OK || (failure.reason && failure.text[0]));
    if (certificate)
        read_all(certificate);
    certificate_release(certificate);
}

#endif
