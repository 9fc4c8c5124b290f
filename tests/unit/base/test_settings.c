/*
 * Options: their defaults, who wins over whom, and that a mistake anywhere is refused and named.
 */
#include "base/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/settings_names.h"
#include "test.h"

static char path[64];

static void config_make(void)
{
    int descriptor;

    strcpy(path, "/tmp/sspi-settings-XXXXXX");
    descriptor = mkstemp(path);
    cr_assert_geq(descriptor, 0);
    (void)close(descriptor);
    cr_assert_eq(setenv("SSPI_CONFIG", path, 1), 0);
}

static void config_remove(void)
{
    (void)remove(path);
    (void)unsetenv("SSPI_CONFIG");
    (void)unsetenv("SSPI_LOCKOUT_THRESHOLD");
    (void)unsetenv("SSPI_NTLM_POLICY");
    (void)unsetenv("SSPI_DNS_COMPUTER_NAME");
}

static void config_write(const char *text)
{
    FILE *file = fopen(path, "w");

    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
}

static struct settings load(void)
{
    struct failure failure = {0};
    struct settings settings;
    SECURITY_STATUS status = settings_load(&settings, &failure);

    cr_assert_eq(status, SEC_E_OK, "%s", failure.text);
    return settings;
}

static void assert_load_fails(const char *source, const char *what)
{
    struct failure failure = {0};
    struct settings settings;

    assert_status(settings_load(&settings, &failure), SEC_E_INTERNAL_ERROR);
    cr_assert_eq(failure.reason, SSPI_REASON_CONFIGURATION);
    cr_assert(strstr(failure.text, source) && strstr(failure.text, what), "\"%s\" names %s and %s", failure.text,
              source, what);
    cr_assert_null(settings.dns_computer_name);
}

Test(settings, defaults_are_strict, .init = config_make, .fini = config_remove)
{
    struct settings settings = load();
    char host[SETTINGS_HOST_SIZE];

    settings_host_name(host);
    cr_assert_null(settings.account_store);
    cr_assert_null(settings.dns_tree_name);
    cr_assert_str_eq(settings.dns_computer_name, host);
    cr_assert_not_null(settings.netbios_computer_name);
    cr_assert_str_eq(settings.netbios_domain_name, settings.netbios_computer_name);
    cr_assert_eq(settings.ntlm_policy, NTLM_POLICY_NORMAL);
    cr_assert(!settings.allow_insecure_ntlmv1 && !settings.allow_insecure_lm && !settings.allow_insecure_56bit);
    cr_assert(!settings.allow_anonymous);
    cr_assert_eq(settings.lockout_threshold, 0);
    cr_assert_eq(settings.lockout_seconds, 900);
    cr_assert_eq(settings.ntlm_max_age_seconds, 0);
    settings_clear(&settings);
    cr_assert_null(settings.dns_computer_name);
}

Test(settings, the_file_wins_over_the_environment_and_the_program_over_both, .init = config_make, .fini = config_remove)
{
    struct failure failure = {0};
    struct settings settings;

    cr_assert_eq(setenv("SSPI_LOCKOUT_THRESHOLD", "4", 1), 0);
    cr_assert_eq(setenv("SSPI_NTLM_POLICY", "strict", 1), 0);
    settings = load();
    cr_assert_eq(settings.lockout_threshold, 4);
    cr_assert_eq(settings.ntlm_policy, NTLM_POLICY_STRICT);
    settings_clear(&settings);

    config_write("[sspi]\n lockout_threshold = 5\n account_store = sqlite:/x y\n");
    settings = load();
    cr_assert_eq(settings.lockout_threshold, 5);
    cr_assert_eq(settings.ntlm_policy, NTLM_POLICY_STRICT);
    cr_assert_str_eq(settings.account_store, "sqlite:/x y");
    assert_status(settings_set(&settings, "lockout_threshold", "6", &failure), SEC_E_OK);
    cr_assert_eq(settings.lockout_threshold, 6);
    assert_status(settings_set(&settings, "lockout_threshold", NULL, &failure), SEC_E_OK);
    cr_assert_eq(settings.lockout_threshold, 0);
    assert_status(settings_set(&settings, "account_store", NULL, &failure), SEC_E_OK);
    cr_assert_null(settings.account_store);
    settings_clear(&settings);
}

Test(settings, an_empty_variable_says_nothing, .init = config_make, .fini = config_remove)
{
    struct settings settings;

    cr_assert_eq(setenv("SSPI_LOCKOUT_THRESHOLD", "", 1), 0);
    settings = load();
    cr_assert_eq(settings.lockout_threshold, 0);
    settings_clear(&settings);
}

Test(settings, mistakes_name_the_file_or_the_variable, .init = config_make, .fini = config_remove)
{
    config_write("[sspi]\n lockout_treshold = 5\n");
    assert_load_fails(path, "lockout_treshold");
    config_write("[sspi]\n lockout_threshold = five\n");
    assert_load_fails(path, "lockout_threshold");
    config_write("[sspi]\n account_store = /tmp/a.db # the accounts\n");
    assert_load_fails(path, "a line of its own");
    config_write("[sspi]\n ntlm_policy =\n");
    assert_load_fails(path, "ntlm_policy");
    config_write("[sspi\n");
    assert_load_fails(path, "1");
    config_write("");
    cr_assert_eq(setenv("SSPI_NTLM_POLICY", "lax", 1), 0);
    assert_load_fails("SSPI_NTLM_POLICY", "lax");
}

static SECURITY_STATUS set(struct settings *settings, const char *name, const char *value)
{
    struct failure failure = {0};
    SECURITY_STATUS status = settings_set(settings, name, value, &failure);

    cr_assert_eq(status == SEC_E_OK, failure.text[0] == '\0');
    return status;
}

Test(settings, values_are_checked)
{
    static const struct {
        const char *name, *value;
    } bad[] = {{"lockout_threshold", ""},
               {"lockout_threshold", "-1"},
               {"lockout_threshold", "1 "},
               {"lockout_threshold", "0x10"},
               {"lockout_seconds", "0"},
               {"lockout_seconds", "4294967296"},
               {"lockout_seconds", "99999999999999999999999"},
               {"ntlm_policy", "Strictly"},
               {"ntlm_policy", "|"},
               {"ntlm_policy", ""},
               {"allow_anonymous", "maybe"},
               {"allow_anonymous", ""},
               {"account_store", ""},
               {"account_store", "a\nb"},
               {"dns_computer_name", "\xFF"},
               {"netbios_computer_name", "SIXTEENCHARSLONG"},
               {"netbios_computer_name", ".X"},
               {"netbios_computer_name", "A\\B"},
               {"netbios_domain_name", "EX\\AMPLE"},
               {"no_such_option", "1"},
               {"LOCKOUT_SECONDS", "1"},
               {"", "1"}};
    struct settings settings = {0};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(set(&settings, bad[i].name, bad[i].value), SEC_E_INVALID_PARAMETER, "%s = %s", bad[i].name,
                     bad[i].value);
    cr_assert_eq(settings.said, 0);
    cr_assert_null(settings.account_store);
    settings_clear(&settings);
}

Test(settings, yes_and_no_have_four_spellings)
{
    static const char *const yes[] = {"yes", "TRUE", "On", "1"}, *const no[] = {"no", "False", "OFF", "0"};
    struct settings settings = {0};

    for (size_t i = 0; i < 4; i++) {
        assert_status(set(&settings, "allow_insecure_lm", yes[i]), SEC_E_OK);
        cr_assert_eq(settings.allow_insecure_lm, 1);
        cr_assert(!settings.allow_insecure_ntlmv1 && !settings.allow_insecure_56bit);
        assert_status(set(&settings, "allow_insecure_lm", no[i]), SEC_E_OK);
        cr_assert_eq(settings.allow_insecure_lm, 0);
    }
    assert_status(set(&settings, "lockout_seconds", "4294967295"), SEC_E_OK);
    cr_assert_eq(settings.lockout_seconds, 4294967295u);
    assert_status(set(&settings, "ntlm_policy", "Strict"), SEC_E_OK);
    cr_assert_eq(settings.ntlm_policy, NTLM_POLICY_STRICT);
    settings_clear(&settings);
}

Test(settings, names_follow_from_each_other)
{
    struct settings settings = {0};

    assert_status(set(&settings, "dns_computer_name", "web.example.org"), SEC_E_OK);
    cr_assert_str_eq(settings.dns_domain_name, "example.org");
    assert_status(set(&settings, "netbios_computer_name", "WEB"), SEC_E_OK);
    cr_assert_str_eq(settings.netbios_domain_name, "WEB");
    assert_status(set(&settings, "netbios_domain_name", "EXAMPLE"), SEC_E_OK);
    assert_status(set(&settings, "netbios_computer_name", "WEB2"), SEC_E_OK);
    cr_assert_str_eq(settings.netbios_domain_name, "EXAMPLE", "what was said is not derived");
    assert_status(set(&settings, "netbios_domain_name", NULL), SEC_E_OK);
    cr_assert_str_eq(settings.netbios_domain_name, "WEB2");
    assert_status(set(&settings, "dns_computer_name", "alone"), SEC_E_OK);
    cr_assert_null(settings.dns_domain_name);
    settings_clear(&settings);
}

Test(settings, rows_describe_every_option)
{
    size_t count = 0;
    const struct setting_row *row;
    struct settings settings = {0};
    struct failure failure = {0};

    for (; (row = settings_row(count)) != NULL; count++) {
        cr_assert(row->name[0] && row->values[0] && row->fallback[0] && row->description[0]);
        assert_status(settings_set(&settings, row->name, NULL, &failure), SEC_E_OK);
        if (strcmp(row->values, "text") != 0)
            cr_assert_eq(settings_set(&settings, row->name, row->fallback, &failure), SEC_E_OK, "%s", row->name);
    }
    cr_assert_geq(count, 14);
    cr_assert_null(settings_row(count + 1));
    settings_clear(&settings);
}
