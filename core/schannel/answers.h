/*
 * Inside schannel/ only: the functions behind the attributes, one each. Answers are borrowed from the context;
 * certificates are references that the caller gives back.
 */
#ifndef SSPI_SCHANNEL_ANSWERS_H
#define SSPI_SCHANNEL_ANSWERS_H

#include "schannel/engine.h"

#define MATERIAL_LIMIT 65536
#define SESSION_DATA_LIMIT 65536

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

/* ---- bindings.c ---- */

SECURITY_STATUS answer_unique_bindings(struct schannel_context *context, struct attribute_value *value);
SECURITY_STATUS answer_endpoint_bindings(struct schannel_context *context, struct attribute_value *value);
SECURITY_STATUS answer_exporter_bindings(struct schannel_context *context, struct attribute_value *value);

/* ---- material.c ---- */

SECURITY_STATUS answer_eap_keys(struct schannel_context *context, struct attribute_value *value);
SECURITY_STATUS answer_material(struct schannel_context *context, struct attribute_value *value);

#endif
