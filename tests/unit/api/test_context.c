#include "trial.h"

#include "api/context_buffer.h"
#include "api/handle.h"
#include "doubles.h"

Test(context, handshake_with_another_variable_for_the_new_context)
{
    struct trial_pair pair;

    trial_pair_open(&pair);
    cr_assert_eq(trial_contexts(), 2);
    cr_assert_str_eq(trial_explain(&pair.server), "EXAMPLE\\alice logged in by Trial");
    trial_pair_close(&pair);
    cr_assert_eq(trial_contexts(), 0);
    cr_assert_eq(trial_credentials(), 0);
    cr_assert_eq(handle_count(), 0);
}
