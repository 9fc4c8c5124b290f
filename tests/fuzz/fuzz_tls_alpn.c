/*
 * SECBUFFER_APPLICATION_PROTOCOLS as a program may hand it over: taken or refused, never read beyond.
 */
#include "base/memory.h"
#include "schannel/engine.h"
#include "tls_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes list;

    if (schannel_alpn_decode(bytes_of(data, size), &list)) {
        must(!list.size || (list.data >= data && list.data + list.size <= data + size), "the list lies in the buffer");
        for (size_t at = 0; at < list.size; at += 1u + list.data[at])
            must(list.data[at] > 0 && at + 1 + list.data[at] <= list.size, "every name lies in the list");
    }
    return 0;
}
