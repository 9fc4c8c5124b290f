/*
 * Compiler attributes under one spelling.
 */
#ifndef SSPI_BASE_ATTRIBUTES_H
#define SSPI_BASE_ATTRIBUTES_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))

#endif
