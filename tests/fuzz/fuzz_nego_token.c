/*
 * SPNEGO tokens: any bytes. What decodes lies inside the input, and what we encode of it decodes to the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "negotiate/negotiate.h"

static void must(bool truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

static bool inside(struct bytes part, struct bytes whole)
{
    return part.size == 0 || (part.data >= whole.data && part.data + part.size <= whole.data + whole.size);
}

static bool same(struct bytes a, struct bytes b)
{
    return a.size == b.size && (!a.size || memcmp(a.data, b.data, a.size) == 0);
}

static void response_check(struct bytes input, uint8_t *room, size_t size)
{
    struct der_writer out = der_writer_over(room, size);
    struct nego_response response, again;

    if (!nego_response_decode(input, &response))
        return;
    must(inside(response.mechanism, input) && inside(response.token, input) && inside(response.mic, input),
         "views lie inside");
    nego_response_encode(&out, &response);
    must(der_writer_ok(&out) && same(der_writer_result(&out), input), "strict DER has one encoding");
    must(nego_response_decode(der_writer_result(&out), &again) && again.state == response.state, "it decodes again");
}

static void init_check(struct bytes input, uint8_t *room, size_t size)
{
    struct der_writer out = der_writer_over(room, size);
    struct nego_init init, again;

    if (!nego_init_decode(input, &init))
        return;
    must(inside(init.mech_list, input) && inside(init.token, input) && inside(init.mic, input), "views lie inside");
    must(init.count && init.count <= NEGO_OFFERS_MAX, "the list is bounded");
    for (size_t i = 0; i < init.count; i++)
        must(inside(init.mechanisms[i], init.mech_list), "mechanisms lie inside the list");
    nego_init_encode(&out, init.mech_list, &init, true);
    must(der_writer_ok(&out) && nego_init_decode(der_writer_result(&out), &again), "what is encoded decodes");
    must(again.count == init.count && same(again.token, init.token) && same(again.mech_list, init.mech_list),
         "and means the same");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[0x200000];
    struct bytes input = bytes_of(data, size);

    if (size > sizeof room / 2)
        return 0;
    (void)nego_form_of(input);
    response_check(input, room, sizeof room);
    init_check(input, room, sizeof room);
    return 0;
}
