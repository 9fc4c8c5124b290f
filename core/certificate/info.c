/*
 * CERT_INFO of a certificate. Two passes over the same steps: the first measures, the second writes into one
 * allocation.
 */
#include "certificate/info.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"

#define OID_TEXT_LIMIT 256

/* Room that is handed out from front to back. With `data` NULL it only counts. */
struct room {
    uint8_t *data;
    size_t used;
    bool ok;
};

static void *room_take(struct room *room, size_t size)
{
    void *place = room->data ? room->data + room->used : NULL;

    room->used += (size + 7) & ~(size_t)7;
    return place;
}

static char *oid_put(struct room *room, const ASN1_OBJECT *object)
{
    char text[OID_TEXT_LIMIT];
    int size = OBJ_obj2txt(text, sizeof text, object, 1);
    char *place;

    if (size <= 0 || size >= (int)sizeof text) {
        room->ok = false;
        return NULL;
    }
    place = room_take(room, (size_t)size + 1);
    if (place)
        memcpy(place, text, (size_t)size + 1);
    return place;
}

static BYTE *borrowed(const uint8_t *data)
{
    union {
        const uint8_t *in;
        BYTE *out;
    } pun = {.in = data};

    return pun.out;
}

/* RFC 5280, 4.1.1.2; the parameters are DER again. */
static void algorithm_put(struct room *room, const X509_ALGOR *algorithm, CRYPT_ALGORITHM_IDENTIFIER *out)
{
    const ASN1_OBJECT *object;
    const void *value;
    uint8_t *place;
    int type, size;

    X509_ALGOR_get0(&object, &type, &value, algorithm);
    out->pszObjId = oid_put(room, object);
    if (type == V_ASN1_UNDEF)
        return;
    size = i2d_ASN1_TYPE(algorithm->parameter, NULL);
    if (size <= 0) {
        room->ok = false;
        return;
    }
    place = room_take(room, (size_t)size);
    out->Parameters = (CRYPT_OBJID_BLOB){(DWORD)size, place};
    if (place && i2d_ASN1_TYPE(algorithm->parameter, &place) != size)
        room->ok = false;
}

/* The last byte comes first, and a byte of zeros keeps a positive number positive. */
static void serial_put(struct room *room, const ASN1_INTEGER *serial, CRYPT_INTEGER_BLOB *out)
{
    const int size = ASN1_STRING_length((const ASN1_STRING *)serial);
    const uint8_t *data = ASN1_STRING_get0_data((const ASN1_STRING *)serial);
    const bool zero = size == 0 || (data[0] & 0x80);
    uint8_t *place = room_take(room, (size_t)size + zero);

    *out = (CRYPT_INTEGER_BLOB){(DWORD)size + zero, place};
    if (!place)
        return;
    for (int i = 0; i < size; i++)
        place[i] = data[size - 1 - i];
    if (zero)
        place[size] = 0;
}

static void name_put(struct room *room, const X509_NAME *name, CERT_NAME_BLOB *out)
{
    const uint8_t *data;
    size_t size;

    if (X509_NAME_get0_der(name, &data, &size) == 1)
        *out = (CERT_NAME_BLOB){(DWORD)size, borrowed(data)};
    else
        room->ok = false;
}

static void bits_put(const ASN1_BIT_STRING *bits, CRYPT_BIT_BLOB *out)
{
    if (!bits)
        return;
    *out = (CRYPT_BIT_BLOB){(DWORD)ASN1_STRING_length(bits), borrowed(ASN1_STRING_get0_data(bits)),
                            (bits->flags & ASN1_STRING_FLAG_BITS_LEFT) ? (DWORD)(bits->flags & 7) : 0};
}

static void public_key_put(struct room *room, X509 *x509, CERT_PUBLIC_KEY_INFO *out)
{
    X509_PUBKEY *key = X509_get_X509_PUBKEY(x509);
    const uint8_t *data;
    X509_ALGOR *algorithm;
    int size;

    if (!key || X509_PUBKEY_get0_param(NULL, &data, &size, &algorithm, key) != 1) {
        room->ok = false;
        return;
    }
    algorithm_put(room, algorithm, &out->Algorithm);
    out->PublicKey = (CRYPT_BIT_BLOB){(DWORD)size, borrowed(data), 0};
}

static void extensions_put(struct room *room, X509 *x509, CERT_INFO *info)
{
    const int count = X509_get_ext_count(x509);
    CERT_EXTENSION *rows;

    if (count <= 0)
        return;
    rows = room_take(room, (size_t)count * sizeof *rows);
    info->cExtension = (DWORD)count;
    info->rgExtension = rows;
    for (int i = 0; i < count; i++) {
        X509_EXTENSION *extension = X509_get_ext(x509, i);
        const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
        char *oid = oid_put(room, X509_EXTENSION_get_object(extension));

        if (rows)
            rows[i] = (CERT_EXTENSION){oid,
                                       X509_EXTENSION_get_critical(extension),
                                       {(DWORD)ASN1_STRING_length(value), borrowed(ASN1_STRING_get0_data(value))}};
    }
}

bool certificate_time(const ASN1_TIME *time, int64_t *filetime)
{
    static const int64_t epoch = INT64_C(116444736000000000); /* 1970 in FILETIME */
    static const struct tm start = {.tm_year = 70, .tm_mday = 1};
    struct tm moment;
    int days = 0, seconds = 0;
    /* Not ASN1_TIME_diff(): it would need 1970 as an ASN1_TIME and read that too, for each leg of a handshake. */
    bool ok = time && ASN1_TIME_to_tm(time, &moment) == 1 && OPENSSL_gmtime_diff(&days, &seconds, &start, &moment) == 1;

    *filetime = epoch + ((int64_t)days * 86400 + seconds) * CLOCK_TICKS_PER_SECOND;
    return ok && *filetime >= 0;
}

static void time_put(struct room *room, const ASN1_TIME *time, FILETIME *out)
{
    int64_t filetime;

    if (!certificate_time(time, &filetime)) {
        room->ok = false;
        return;
    }
    *out = (FILETIME){(DWORD)(uint64_t)filetime, (DWORD)((uint64_t)filetime >> 32)};
}

static void info_put(struct room *room, X509 *x509, CERT_INFO *info)
{
    const ASN1_BIT_STRING *issuer_id, *subject_id;

    *info = (CERT_INFO){.dwVersion = (DWORD)X509_get_version(x509)};
    serial_put(room, X509_get0_serialNumber(x509), &info->SerialNumber);
    algorithm_put(room, X509_get0_tbs_sigalg(x509), &info->SignatureAlgorithm);
    name_put(room, X509_get_issuer_name(x509), &info->Issuer);
    time_put(room, X509_get0_notBefore(x509), &info->NotBefore);
    time_put(room, X509_get0_notAfter(x509), &info->NotAfter);
    name_put(room, X509_get_subject_name(x509), &info->Subject);
    public_key_put(room, x509, &info->SubjectPublicKeyInfo);
    X509_get0_uids(x509, &issuer_id, &subject_id);
    bits_put(issuer_id, &info->IssuerUniqueId);
    bits_put(subject_id, &info->SubjectUniqueId);
    extensions_put(room, x509, info);
}

SECURITY_STATUS certificate_info_fill(X509 *x509, CERT_INFO *info, uint8_t **memory)
{
    struct room room = {.ok = true};

    *memory = NULL;
    info_put(&room, x509, info);
    if (!room.ok)
        return SEC_E_NO_CREDENTIALS;
    room.data = mem_zalloc(room.used);
    if (!room.data)
        return SEC_E_INSUFFICIENT_MEMORY;
    *memory = room.data;
    room.used = 0;
    info_put(&room, x509, info);
    return room.ok ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}
