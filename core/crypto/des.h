/*
 * DES in ECB mode with 7-byte keys, for LM and NTLMv1 responses ([MS-NLMP] 6, DES and DESL). Only by insecure policy.
 */
#ifndef SSPI_CRYPTO_DES_H
#define SSPI_CRYPTO_DES_H

#include "base/attributes.h"
#include "base/bytes.h"

MUST_CHECK bool des_encrypt(const uint8_t key[7], const uint8_t in[8], uint8_t out[8]);
MUST_CHECK bool desl_encrypt(const uint8_t key[16], const uint8_t in[8], uint8_t out[24]);

#endif
