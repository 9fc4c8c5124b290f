/*
 * The functions behind the A and W pairs: text is UTF-8 here, ansi.c converts. `wide` says which form the caller used,
 * for structures that hold text.
 */
#ifndef SSPI_API_CALLS_H
#define SSPI_API_CALLS_H

#include "api/provider.h"

struct acquire_call {
    const char *function;
    bool wide;
    const char *principal;
    const char *package;
    ULONG use;
    void *logon_id;
    void *auth_data;
    SecHandle *handle;
    TimeStamp *expiry;
};
MUST_CHECK SECURITY_STATUS call_acquire(const struct acquire_call *call);

/* AcceptSecurityContext and InitializeSecurityContext, and their forms inside SASL. */
struct leg_call {
    const char *function;
    bool acceptor;
    bool sasl;
    const SecHandle *credential;
    const SecHandle *context;
    SecHandle *new_context;
    const char *target;
    ULONG requested;
    ULONG data_representation;
    SecBufferDesc *input;
    SecBufferDesc *output;
    ULONG *attributes;
    TimeStamp *expiry;
};
MUST_CHECK SECURITY_STATUS call_leg(const struct leg_call *call);

/* What a failing leg leaves: for callers that fail before call_leg (text that cannot be converted). */
void call_leg_clear(const struct leg_call *call);

#define CALL_SIZE_UNKNOWN ((size_t)-1) /* the forms without Ex trust the caller's structure */
MUST_CHECK SECURITY_STATUS call_query_context(const char *function, bool wide, const SecHandle *context,
                                              ULONG attribute, void *buffer, size_t size);
MUST_CHECK SECURITY_STATUS call_query_credential(const char *function, bool wide, const SecHandle *credential,
                                                 ULONG attribute, void *buffer, size_t size);
MUST_CHECK SECURITY_STATUS call_enumerate(const char *function, bool wide, ULONG *count, void **infos);
MUST_CHECK SECURITY_STATUS call_package_info(const char *function, bool wide, const char *name, void **info);

/* For functions that are not built: the handle is looked at, then SEC_E_UNSUPPORTED_FUNCTION. */
MUST_CHECK SECURITY_STATUS call_unsupported(const char *function);
MUST_CHECK SECURITY_STATUS call_unsupported_context(const char *function, const SecHandle *context);
MUST_CHECK SECURITY_STATUS call_unsupported_established(const char *function, const SecHandle *context);
MUST_CHECK SECURITY_STATUS call_unsupported_credential(const char *function, const SecHandle *credential);

#endif
