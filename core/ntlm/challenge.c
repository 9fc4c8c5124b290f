/*
 * Makes the CHALLENGE message of an acceptor ([MS-NLMP] 3.2.5.1.1) from the settings' names, the clock and eight
 * random bytes. It goes into the transcript of the context, beside the NEGOTIATE message that it answers.
 */
#include <string.h>

#include "base/memory.h"
#include "base/utf.h"
#include "crypto/random.h"
#include "ntlm/ntlm.h"

/* The server's names in UTF-16LE, by AV id; index 0 is not used. */
struct names {
    struct bytes value[NTLM_AV_DNS_TREE + 1];
    uint8_t *owned[NTLM_AV_DNS_TREE + 1];
};

static void names_clear(struct names *names)
{
    for (size_t id = 0; id <= NTLM_AV_DNS_TREE; id++)
        mem_free(names->owned[id]);
}

static bool names_load(const struct settings *settings, struct names *names)
{
    const char *texts[NTLM_AV_DNS_TREE + 1] = {
        [NTLM_AV_NB_COMPUTER] = settings->netbios_computer_name,
        [NTLM_AV_NB_DOMAIN] = settings->netbios_domain_name,
        [NTLM_AV_DNS_COMPUTER] = settings->dns_computer_name,
        [NTLM_AV_DNS_DOMAIN] = settings->dns_domain_name,
        [NTLM_AV_DNS_TREE] = settings->dns_tree_name,
    };

    for (size_t id = NTLM_AV_NB_COMPUTER; id <= NTLM_AV_DNS_TREE; id++) {
        size_t size = 0;

        if (!texts[id])
            continue;
        if (utf16le_from_utf8(bytes_of(texts[id], strlen(texts[id])), &names->owned[id], &size) != SEC_E_OK)
            return false;
        names->value[id] = bytes_of(names->owned[id], size);
    }
    return true;
}

/* Both NetBIOS names are mandatory; the others and EOL follow in the order of 3.2.5.1.1. Flags (6) are never sent. */
static void target_info_write(const struct names *names, int64_t now, struct writer *out)
{
    uint8_t time[8];
    struct writer time_out = writer_over(time, sizeof time);

    for (size_t id = NTLM_AV_NB_COMPUTER; id <= NTLM_AV_DNS_TREE; id++)
        if (id <= NTLM_AV_NB_DOMAIN || names->value[id].size)
            ntlm_av_write(out, (enum ntlm_av_id)id, names->value[id]);
    writer_u64le(&time_out, (uint64_t)now);
    ntlm_av_write(out, NTLM_AV_TIMESTAMP, bytes_of(time, sizeof time));
    ntlm_av_write(out, NTLM_AV_EOL, (struct bytes){0});
}

/* TargetName: the domain of a member, else the computer itself; in OEM what does not fit becomes '?'. */
static void target_name_choose(const struct names *names, struct ntlm_challenge *challenge, uint8_t *oem)
{
    const struct bytes computer = names->value[NTLM_AV_NB_COMPUTER], domain = names->value[NTLM_AV_NB_DOMAIN];
    const bool alone =
        domain.size == 0 || (computer.size == domain.size && memcmp(computer.data, domain.data, domain.size) == 0);
    const struct bytes name = alone ? computer : domain;

    challenge->flags |= alone ? NTLM_TARGET_TYPE_SERVER : NTLM_TARGET_TYPE_DOMAIN;
    challenge->target_name = name;
    if (challenge->flags & NTLM_UNICODE)
        return;
    for (size_t i = 0; i < name.size / 2; i++)
        oem[i] = name.data[2 * i + 1] ? '?' : name.data[2 * i];
    challenge->target_name = bytes_of(oem, name.size / 2);
}

/* Appends the CHALLENGE to the transcript, which then holds both messages. */
static SECURITY_STATUS challenge_write(struct ntlm_context *context, const struct names *names, struct bytes negotiate)
{
    uint8_t info_bytes[NTLM_MAX_TOKEN / 2], oem[NTLM_MAX_TOKEN / 8];
    struct writer info = writer_over(info_bytes, sizeof info_bytes), count = writer_over(NULL, 0), out;
    struct ntlm_challenge challenge = {.flags = context->flags};

    if (names->value[NTLM_AV_NB_COMPUTER].size > sizeof oem || names->value[NTLM_AV_NB_DOMAIN].size > sizeof oem)
        return SEC_E_INTERNAL_ERROR;
    target_info_write(names, context->started, &info);
    target_name_choose(names, &challenge, oem);
    challenge.version = challenge.flags & NTLM_VERSION ? NTLM_OUR_VERSION : 0;
    memcpy(challenge.server_challenge, context->server_challenge, sizeof challenge.server_challenge);
    challenge.target_info = bytes_of(info_bytes, info.used);
    ntlm_challenge_encode(&challenge, &count);
    if (!writer_ok(&info) || count.used > NTLM_MAX_TOKEN)
        return SEC_E_INTERNAL_ERROR;
    context->transcript = mem_alloc(negotiate.size + count.used);
    if (!context->transcript)
        return SEC_E_INSUFFICIENT_MEMORY;
    context->negotiate_size = negotiate.size;
    context->challenge_size = count.used;
    context->flags = challenge.flags;
    out = writer_over(context->transcript, negotiate.size + count.used);
    writer_bytes(&out, negotiate);
    ntlm_challenge_encode(&challenge, &out);
    return SEC_E_OK;
}

SECURITY_STATUS ntlm_challenge_make(struct ntlm_context *context, struct bytes negotiate, struct failure *failure)
{
    struct names names = {0};
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;

    if (!random_bytes(context->server_challenge, sizeof context->server_challenge))
        return failure_set(failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_CRYPTO_UNAVAILABLE,
                           "no random bytes for a challenge");
    if (names_load(&context->base.credential->settings, &names))
        status = challenge_write(context, &names, negotiate);
    names_clear(&names);
    if (status == SEC_E_INSUFFICIENT_MEMORY)
        return failure_set(failure, status, SSPI_REASON_OUT_OF_MEMORY, "no memory for a challenge");
    if (status != SEC_E_OK)
        return failure_set(failure, status, SSPI_REASON_CONFIGURATION,
                           "this server's names are too long for a CHALLENGE message");
    return SEC_E_OK;
}
