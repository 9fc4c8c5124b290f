/*
 * Inside schannel/ only: the functions behind the attributes, one each. Answers are borrowed from the context;
 * certificates are references that the caller gives back.
 */
#ifndef SSPI_SCHANNEL_ANSWERS_H
#define SSPI_SCHANNEL_ANSWERS_H

#include "schannel/engine.h"

#define MATERIAL_LIMIT 65536
#define SESSION_DATA_LIMIT 65536

/* A structure given to SetContextAttributes that is too short, or has NULL in it: SEC_E_INVALID_PARAMETER. */
SECURITY_STATUS attribute_refused(struct failure *failure);
/* A name as text, RFC 2253, control characters escaped. False: no memory. */
MUST_CHECK bool schannel_name_print(BIO *bio, const X509_NAME *name);

/* ---- connection.c ---- */

SECURITY_STATUS answer_connection(struct schannel_context *context, struct attribute_value *value);
SECURITY_STATUS answer_connection_ex(struct schannel_context *context, struct attribute_value *value);
SECURITY_STATUS answer_cipher(struct schannel_context *context, struct attribute_value *value);
SECURITY_STATUS answer_key_info(struct schannel_context *context, struct attribute_value *value);
SECURITY_STATUS answer_session(struct schannel_context *context, struct attribute_value *value);
SECURITY_STATUS answer_application_protocol(struct schannel_context *context, struct attribute_value *value);

/* ---- peer.c ---- */

SECURITY_STATUS answer_remote_certificate(struct schannel_context *context, struct attribute_value *value);
SECURITY_STATUS answer_local_certificate(struct schannel_context *context, struct attribute_value *value);
SECURITY_STATUS answer_issuers(struct schannel_context *context, struct attribute_value *value);
SECURITY_STATUS answer_signatures(struct schannel_context *context, struct attribute_value *value);
SECURITY_STATUS answer_remote_certificates(struct schannel_context *context, struct attribute_value *value);
SECURITY_STATUS answer_local_info(struct schannel_context *context, struct attribute_value *value);
SECURITY_STATUS answer_authority(struct schannel_context *context, struct attribute_value *value);

/* ---- bindings.c ---- */

SECURITY_STATUS answer_unique_bindings(struct schannel_context *context, struct attribute_value *value);
SECURITY_STATUS answer_endpoint_bindings(struct schannel_context *context, struct attribute_value *value);
SECURITY_STATUS answer_exporter_bindings(struct schannel_context *context, struct attribute_value *value);

/* ---- material.c ---- */

SECURITY_STATUS answer_eap_keys(struct schannel_context *context, struct attribute_value *value);
SECURITY_STATUS answer_material(struct schannel_context *context, struct attribute_value *value);
SECURITY_STATUS answer_material_asked(struct schannel_context *context, struct attribute_value *value);
/* SetContextAttributes. */
MUST_CHECK SECURITY_STATUS material_eap_set(struct schannel_context *context, struct bytes value,
                                            struct failure *failure);
MUST_CHECK SECURITY_STATUS material_set(struct schannel_context *context, struct bytes value, struct failure *failure);

#endif
