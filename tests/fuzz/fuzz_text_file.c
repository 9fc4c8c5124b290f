/*
 * NTLM_USER_FILE: the input is a line, and also a whole file.
 */
#include "account_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text_line line;
    const char *why = NULL;
    bool decoded = ntlm_user_file_line_decode(bytes_of(data, size), &line, &why);

    if (decoded == (why != NULL))
        abort();
    if (decoded
        && (line.user.size == 0 || line.password.size == 0
            || line.domain.size + line.user.size + line.password.size + 2 != size))
        abort();
    account_text_try(data, size, NTLM_USER_FILE_FORMAT);
    return 0;
}
