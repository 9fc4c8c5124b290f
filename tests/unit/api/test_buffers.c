#include "api/buffers.h"

#include "api/context_buffer.h"
#include "trial.h"

static struct failure failure;

static SECURITY_STATUS prepare(struct step *step, SecBufferDesc *in, SecBufferDesc *out, ULONG requested)
{
    *step = (struct step){.requested = requested, .failure = &failure};
    return buffers_to_step(step, in, out);
}

Test(buffers, descriptor_version_and_missing_buffers)
{
    struct step step;
    SecBuffer token = {5, SECBUFFER_TOKEN, (void *)"HELLO"};
    SecBufferDesc good = {0, 1, &token}, version = {1, 1, &token}, nothing = {0, 1, NULL}, empty = {0, 0, NULL};

    assert_status(prepare(&step, NULL, NULL, 0), SEC_E_OK);
    cr_assert_not(step.has_token);
    assert_status(prepare(&step, &empty, &empty, 0), SEC_E_OK);
    assert_status(prepare(&step, &good, NULL, 0), SEC_E_OK);
    assert_status(prepare(&step, &version, NULL, 0), SEC_E_INVALID_TOKEN);
    assert_status(prepare(&step, &nothing, NULL, 0), SEC_E_INVALID_TOKEN);
    assert_status(prepare(&step, &good, &version, 0), SEC_E_INVALID_TOKEN);
}

Test(buffers, size_without_memory)
{
    struct step step;
    SecBuffer token = {5, SECBUFFER_TOKEN, NULL}, missing = {5, SECBUFFER_EMPTY, NULL};
    SecBufferDesc in = {0, 1, &token}, out = {0, 1, &token}, placeholder = {0, 1, &missing};
    uint8_t *data;

    assert_status(prepare(&step, &in, NULL, 0), SEC_E_INVALID_TOKEN);
    assert_status(prepare(&step, &placeholder, NULL, 0), SEC_E_OK);
    assert_status(prepare(&step, NULL, &out, 0), SEC_E_OK);
    assert_status(step_reserve(&step, 1, &data), SEC_E_BUFFER_TOO_SMALL);
}

Test(buffers, attribute_bits_do_not_hide_a_type)
{
    struct step step;
    SecBuffer token = {5, SECBUFFER_TOKEN | SECBUFFER_READONLY, (void *)"HELLO"};
    SecBufferDesc desc = {0, 1, &token};

    assert_status(prepare(&step, &desc, &desc, 0), SEC_E_OK);
    cr_assert(step.has_token);
    cr_assert_eq(step.token.size, 5);
    cr_assert_not(step.output.present); /* read-only: not for writing */
}

Test(buffers, allocated_output)
{
    struct step step;
    SecBuffer token = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc out = {0, 1, &token};
    uint8_t *data;

    assert_status(prepare(&step, NULL, &out, ASC_REQ_ALLOCATE_MEMORY), SEC_E_OK);
    assert_status(step_reserve(&step, 6, &data), SEC_E_OK);
    memcpy(data, "tokens", 6);
    buffers_from_step(&step, &out, SEC_E_OK);
    cr_assert_eq(token.cbBuffer, 6);
    assert_mem_eq(token.pvBuffer, "tokens", 6);
    cr_assert_eq(step.attributes, ASC_RET_ALLOCATED_MEMORY);
    assert_status(FreeContextBuffer(token.pvBuffer), SEC_E_OK);
    assert_status(FreeContextBuffer(token.pvBuffer), SEC_E_INVALID_HANDLE);
}

Test(buffers, allocated_output_of_a_failure_is_freed)
{
    struct step step;
    SecBuffer token = {77, SECBUFFER_TOKEN, &step};
    SecBufferDesc out = {0, 1, &token};
    size_t before = context_buffer_count();
    uint8_t *data;

    assert_status(prepare(&step, NULL, &out, ASC_REQ_ALLOCATE_MEMORY), SEC_E_OK);
    assert_status(step_reserve(&step, 6, &data), SEC_E_OK);
    assert_status(step_reserve(&step, 9, &data), SEC_E_OK);
    buffers_from_step(&step, &out, SEC_E_LOGON_DENIED);
    cr_assert_eq(token.cbBuffer, 0);
    cr_assert_null(token.pvBuffer);
    cr_assert_eq(context_buffer_count(), before);
}

Test(buffers, empty_allocated_output)
{
    struct step step;
    SecBuffer token = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc out = {0, 1, &token};
    uint8_t *data;

    assert_status(prepare(&step, NULL, &out, ASC_REQ_ALLOCATE_MEMORY), SEC_E_OK);
    assert_status(step_reserve(&step, 0, &data), SEC_E_OK);
    buffers_from_step(&step, &out, SEC_E_OK);
    cr_assert_null(token.pvBuffer);
    cr_assert_eq(step.attributes, ASC_RET_ALLOCATED_MEMORY);
}

/* As Windows' own clients of TLS give it. */
Test(buffers, allocated_output_in_an_empty_buffer)
{
    struct step step;
    SecBuffer buffers[2] = {{0, SECBUFFER_ALERT, NULL}, {0, SECBUFFER_EMPTY, NULL}};
    SecBufferDesc out = {0, 2, buffers};
    uint8_t *data;

    assert_status(prepare(&step, NULL, &out, 0), SEC_E_OK);
    cr_assert_not(step.output.present);
    assert_status(prepare(&step, NULL, &out, ASC_REQ_ALLOCATE_MEMORY), SEC_E_OK);
    assert_status(step_reserve(&step, 0, &data), SEC_E_OK);
    buffers_from_step(&step, &out, SEC_E_OK);
    cr_assert_eq(buffers[1].BufferType, SECBUFFER_EMPTY);
    assert_status(step_reserve(&step, 6, &data), SEC_E_OK);
    memcpy(data, "tokens", 6);
    buffers_from_step(&step, &out, SEC_E_OK);
    cr_assert_eq(buffers[1].BufferType, SECBUFFER_TOKEN);
    cr_assert_eq(buffers[1].cbBuffer, 6);
    assert_mem_eq(buffers[1].pvBuffer, "tokens", 6);
    assert_status(FreeContextBuffer(buffers[1].pvBuffer), SEC_E_OK);
}

Test(buffers, output_never_exceeds_the_room)
{
    struct step step;
    uint8_t memory[8] = {1, 2, 3, 4, 5, 6, 7, 8}, *data;
    SecBuffer token = {4, SECBUFFER_TOKEN, memory};
    SecBufferDesc out = {0, 1, &token};

    assert_status(prepare(&step, NULL, &out, 0), SEC_E_OK);
    assert_status(step_reserve(&step, 5, &data), SEC_E_BUFFER_TOO_SMALL);
    cr_assert_null(data);
    buffers_from_step(&step, &out, SEC_E_BUFFER_TOO_SMALL);
    cr_assert_eq(token.cbBuffer, 5);
    assert_mem_eq(memory + 4, "\5\6\7\10", 4);
}

Test(buffers, messages)
{
    struct message message = {.failure = &failure};
    SecBuffer buffers[2] = {{0, SECBUFFER_EMPTY, NULL}, {4, SECBUFFER_DATA, (void *)"data"}},
              bad = {4, SECBUFFER_DATA, NULL};
    SecBufferDesc good = {0, 2, buffers}, version = {9, 2, buffers}, none = {0, 0, NULL}, hole = {0, 1, &bad};

    assert_status(buffers_to_message(&good, &message), SEC_E_OK);
    cr_assert_eq(message_find(&message, SECBUFFER_DATA), &buffers[1]);
    cr_assert_null(message_find(&message, SECBUFFER_TOKEN));
    assert_status(buffers_to_message(NULL, &message), SEC_E_INVALID_TOKEN);
    assert_status(buffers_to_message(&version, &message), SEC_E_INVALID_TOKEN);
    assert_status(buffers_to_message(&none, &message), SEC_E_INVALID_TOKEN);
    assert_status(buffers_to_message(&hole, &message), SEC_E_INVALID_TOKEN);
}
