/*
 * Keytabs (keytab.c, keys.c) and service patterns (names.c) of any content.
 */
#include <stdlib.h>
#include <string.h>

#include "kerberos/kerberos.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct failure failure = {0};
    struct krb_keys *keys;
    char patterns[128] = "";

    if (krb_keytab_parse(bytes_of(data, size), "fuzzed", &keys, &failure) != SEC_E_OK) {
        if (failure.reason != SSPI_REASON_KEYTAB)
            abort();
        return 0;
    }
    if (keys->count == 0)
        abort();
    memcpy(patterns, data, size < sizeof patterns - 1 ? size : sizeof patterns - 1);
    for (size_t i = 0; i < keys->count; i++) {
        if (!keys->rows[i].key.etype || strlen(keys->rows[i].name) >= KRB_TEXT_MAX)
            abort();
        (void)!krb_service_matches(patterns, keys->rows[i].name, keys->rows[i].realm);
    }
    krb_keys_release(keys);
    return 0;
}
