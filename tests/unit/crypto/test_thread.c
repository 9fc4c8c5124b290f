/* What a thread keeps: it is empty after use, dropped after a failure, and holds no secret. */
#include "test.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/secret.h"
#include "crypto/des.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "crypto/library.h"
#include "crypto/random.h"
#include "crypto/rc4.h"

Test(thread, kept_cipher_is_empty_after_use)
{
    uint8_t out[8] = {0};

    cr_assert(des_encrypt(out, out, out));
    cr_assert_not_null(crypto_thread_cipher());
    cr_assert_null(EVP_CIPHER_CTX_get0_cipher(crypto_thread_cipher()));
}

Test(thread, failed_digest_is_not_reused)
{
    struct bytes message = bytes_of("abc", 3);
    EVP_MD_CTX *context = crypto_thread_digest(CRYPTO_MD5);
    uint8_t digest[16], expected[16];

    test_hex("900150983cd24fb0d6963f7d28e17f72", expected, sizeof expected);
    cr_assert_eq(EVP_DigestUpdate(context, "left over", 9), 1);
    cr_assert(!crypto_thread_restart(CRYPTO_MD5, false));
    cr_assert(md5_digest(&message, 1, digest));
    assert_mem_eq(digest, expected, sizeof digest);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* their heaps lie elsewhere */
/* How often a secret, given inverted so that it does not find itself, lies in one mapping of this process. */
static size_t mapping_count(int memory, unsigned long from, unsigned long to, const uint8_t inverted[16])
{
    static uint8_t piece[1 << 16];
    size_t found = 0;

    for (unsigned long at = from; at < to; at += sizeof piece - 16) {
        ssize_t size = pread(memory, piece, sizeof piece < to - at ? sizeof piece : to - at, (off_t)at);

        for (ssize_t i = 0; i + 16 <= size; i++) {
            size_t same = 0;

            while (same < 16 && piece[(size_t)i + same] + inverted[same] == 0xFF)
                same++;
            found += same == 16;
        }
        memset(piece, 0, sizeof piece);
    }
    return found;
}

/* The same in the heap, where all kept contexts lie. */
static size_t heap_count(const uint8_t inverted[16])
{
    FILE *maps = fopen("/proc/self/maps", "r");
    int memory = open("/proc/self/mem", O_RDONLY);
    unsigned long from, to;
    size_t found = 0;
    char line[512];

    while (fgets(line, sizeof line, maps)) {
        if (strstr(line, "[heap]") && sscanf(line, "%lx-%lx", &from, &to) == 2)
            found += mapping_count(memory, from, to, inverted);
    }
    fclose(maps);
    close(memory);
    return found;
}

static void invert(uint8_t octets[16])
{
    for (size_t i = 0; i < 16; i++)
        octets[i] ^= 0xFF;
}

Test(thread, kept_contexts_forget)
{
    uint8_t key[16] = {0}, digest[16], mac[16], once[16];
    struct bytes message = bytes_of(key, sizeof key);
    uint8_t *planted = malloc(16);
    size_t planted_found;

    cr_assert(random_bytes(key, sizeof key));
    cr_assert(md5_digest(&message, 1, digest) && hmac_md5(message, &message, 1, mac));
    cr_assert(rc4_once(message, mac, once, sizeof once));
    memcpy(planted, mac, 16);
    invert(key), invert(digest), invert(mac), invert(once);
    planted_found = heap_count(mac);
    secret_wipe(planted, 16);
    free(planted);
    if (getenv("LD_PRELOAD") && strstr(getenv("LD_PRELOAD"), "vgpreload"))
        return; /* valgrind's heap lies elsewhere */
    cr_assert_eq(planted_found, 1);
    cr_assert_eq(heap_count(key), 0);
    cr_assert_eq(heap_count(digest), 0);
    cr_assert_eq(heap_count(mac), 0);
    cr_assert_eq(heap_count(once), 0);
}
#endif
