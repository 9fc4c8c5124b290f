/*
 * The bodies behind port.h: a Windows that is as new as curl asks for.
 */
#include "port.h"

bool curlx_verify_windows_version(unsigned major, unsigned minor, unsigned build, PlatformIdentifier platform,
                                  VersionCondition condition)
{
    (void)major, (void)minor, (void)build, (void)platform;
    return condition >= VERSION_GREATER_THAN_EQUAL;
}

HMODULE Curl_load_library(LPCSTR name)
{
    return LoadLibraryA(name);
}

const char *get_winapi_error(int error, char *text, size_t size)
{
    (void)error;
    if (size)
        text[0] = '\0';
    return text;
}
