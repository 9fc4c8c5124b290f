/*
 * Both sides of a TLS handshake over the public interface: a byte that chooses the side and its flags, then what the
 * peer sends, in pieces behind their size in two bytes. What a leg leaves over comes before the next piece. Nobody can
 * finish a handshake this way.
 */
#include "openssl_memory.h"
#include "tls_rig.h"

static int run(const uint8_t *data, size_t size)
{
    static struct tls_side side;
    static uint8_t input[TLS_ROOM];
    size_t waiting = 0;

    if (!size)
        return 0;
    tls_open_once();
    side = (struct tls_side){.acceptor = *data & 1, .status = SEC_I_CONTINUE_NEEDED};
    side.requested = (*data & 2 ? ASC_REQ_MUTUAL_AUTH : 0)
                     | (*data & 4 ? (side.acceptor ? ASC_REQ_EXTENDED_ERROR : ISC_REQ_EXTENDED_ERROR) : 0);
    data++, size--;
    if (!side.acceptor)
        tls_leg(&side, NULL, 0);
    while ((side.status == SEC_I_CONTINUE_NEEDED || side.status == SEC_E_INCOMPLETE_MESSAGE) && size >= 2) {
        size_t length = (size_t)data[0] | (size_t)data[1] << 8;

        data += 2, size -= 2;
        length = length < size ? length : size;
        length = length < TLS_ROOM - waiting ? length : TLS_ROOM - waiting;
        memcpy(input + waiting, data, length);
        data += length, size -= length;
        waiting += length;
        tls_leg(&side, input, waiting);
        must(side.status != SEC_E_OK, "nobody gets in");
        if (side.status == SEC_E_INCOMPLETE_MESSAGE)
            continue;
        memmove(input, input + side.used, waiting - side.used);
        waiting -= side.used;
    }
    tls_delete(&side);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return openssl_run(run, data, size);
}
