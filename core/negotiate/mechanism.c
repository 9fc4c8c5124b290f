/*
 * The mechanisms that Negotiate knows, in the order in which it offers them. NegoEx and others are unknown, and
 * skipped.
 */
#include <string.h>

#include "negotiate/negotiate.h"

static const uint8_t kerberos_oid[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02};
/* The number that Windows 2000 cut short; its clients list it first. */
static const uint8_t short_kerberos_oid[] = {0x2A, 0x86, 0x48, 0x82, 0xF7, 0x12, 0x01, 0x02, 0x02};
static const uint8_t ntlm_oid[] = {0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0A};

static const struct nego_mechanism mechanisms[] = {
    {NEGO_KERBEROS, {kerberos_oid, sizeof kerberos_oid}, 40},
    {NEGO_KERBEROS, {short_kerberos_oid, sizeof short_kerberos_oid}, 40},
    {NEGO_NTLM, {ntlm_oid, sizeof ntlm_oid}, 16},
};

const char *nego_package_name(enum nego_package package)
{
    return package == NEGO_KERBEROS ? "Kerberos" : "NTLM";
}

const struct nego_mechanism *nego_mechanism_at(size_t index)
{
    return index < sizeof mechanisms / sizeof *mechanisms ? &mechanisms[index] : NULL;
}

const struct nego_mechanism *nego_mechanism_find(struct bytes oid)
{
    for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++) {
        if (oid.size == mechanisms[i].oid.size && memcmp(oid.data, mechanisms[i].oid.data, oid.size) == 0)
            return &mechanisms[i];
    }
    return NULL;
}
