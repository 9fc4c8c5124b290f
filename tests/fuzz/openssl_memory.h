/*
 * OpenSSL's own memory from the C library and not from the sanitizer, for fuzzers that make thousands of its objects an
 * execution: OpenSSL is not built with it and gains nothing but the cost. What of it is not given back is noticed by
 * counting.
 */
#ifndef SSPI_TESTS_FUZZ_OPENSSL_MEMORY_H
#define SSPI_TESTS_FUZZ_OPENSSL_MEMORY_H

#include <openssl/crypto.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The C library's names behind those that the sanitizer replaces. */
extern void *__libc_malloc(size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void __libc_free(void *memory);

static long openssl_blocks;

static inline void *openssl_take(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    if (!size)
        return NULL;
    openssl_blocks++;
    return __libc_malloc(size);
}

static inline void openssl_give_back(void *memory, const char *file, int line)
{
    (void)file, (void)line;
    openssl_blocks -= memory != NULL;
    __libc_free(memory);
}

static inline void *openssl_resize(void *memory, size_t size, const char *file, int line)
{
    if (!memory)
        return openssl_take(size, file, line);
    if (size)
        return __libc_realloc(memory, size);
    openssl_give_back(memory, file, line);
    return NULL;
}

/* Runs an input again while it leaves blocks behind: caches fill once, a leak leaks each time. */
static inline int openssl_run(int (*run)(const uint8_t *, size_t), const uint8_t *data, size_t size)
{
    for (int i = 0; i < 5; i++) {
        const long before = openssl_blocks;

        (void)run(data, size);
        if (openssl_blocks <= before)
            return 0;
    }
    fprintf(stderr, "broken: objects of OpenSSL leak\n");
    abort();
}

int LLVMFuzzerInitialize(int *count, char ***arguments);

/* libFuzzer calls it before all else: OpenSSL takes other functions only before it took memory. */
int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    if (CRYPTO_set_mem_functions(openssl_take, openssl_resize, openssl_give_back) != 1)
        abort();
    return 0;
}

#endif
