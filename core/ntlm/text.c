/*
 * Names on the wire and inside: the negotiated charset to UTF-8, DOMAIN\user, and fixed buffers for events.
 */
#include <string.h>

#include "base/memory.h"
#include "base/utf.h"
#include "ntlm/ntlm.h"

SECURITY_STATUS ntlm_text_decode(struct bytes field, uint32_t flags, char **out)
{
    SECURITY_STATUS status = flags & NTLM_UNICODE ? utf8_from_utf16le(field, out) : utf8_from_oem(field, out);

    return status == SEC_E_INVALID_PARAMETER ? SEC_E_INVALID_TOKEN : status;
}

char *ntlm_text_join(const char *domain, const char *user)
{
    const size_t domain_size = strlen(domain), user_size = strlen(user);
    char *joined = mem_alloc(domain_size + user_size + 2);
    char *end = joined;

    if (!joined)
        return NULL;
    memcpy(end, domain, domain_size);
    end += domain_size;
    if (domain_size)
        *end++ = '\\';
    memcpy(end, user, user_size + 1);
    return joined;
}

void ntlm_text_copy(char *out, size_t size, const char *text)
{
    size_t length = strlen(text);

    if (length >= size) {
        length = size - 1;
        while (length && ((uint8_t)text[length] & 0xC0) == 0x80)
            length--;
    }
    memcpy(out, text, length);
    out[length] = '\0';
}
