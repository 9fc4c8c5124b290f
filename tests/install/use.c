/*
 * A stranger's program: lists the packages, once by name and once through the function table, which a Windows program
 * also fetches from its DLL. Also as C++.
 */
#ifdef WINDOWS_PROGRAM
#include <windows.h>

#include <security.h>
#else
#include <security.h>
#include <sspi.h>
#include <sspi_ext.h>
#endif

#include <stdio.h>

#ifdef WINDOWS_PROGRAM
#ifdef UNICODE
#define ENTRY "InitSecurityInterfaceW"
#else
#define ENTRY "InitSecurityInterfaceA"
#endif

/* As sources do that fetch the interface from its DLL; 0: it went well. */
static int fetched(PSecurityFunctionTable wanted)
{
    HMODULE library = LoadLibrary(TEXT("C:\\WINDOWS\\system32\\Secur32.DLL"));
    FARPROC found = GetProcAddress(library, ENTRY);
    INIT_SECURITY_INTERFACE init;
    int wrong;

    if (!found)
        return 1;
    memcpy(&init, &found, sizeof init);
    wrong = init() != wanted || LoadLibrary(TEXT("kernel32.dll")) || LoadLibrary(TEXT("secur32.exe"))
            || GetProcAddress(library, "NoSuchFunction") || CloseHandle(NULL);
    return wrong || !FreeLibrary(library);
}
#endif

int main(void)
{
    ULONG count = 0, again = 0;
    PSecPkgInfo packages = NULL, same = NULL;
    PSecurityFunctionTable table = InitSecurityInterface();
    SECURITY_STATUS status = EnumerateSecurityPackages(&count, &packages);

    if (status != SEC_E_OK || count == 0 || !table) {
        printf("no packages: %d\n", (int)status);
        return 1;
    }
    if (table->EnumerateSecurityPackages(&again, &same) != SEC_E_OK || again != count)
        return 1;
    if (packages[0].cbMaxToken == 0 || packages[0].Name[0] == 0)
        return 1;
#ifdef WINDOWS_PROGRAM
    if (fetched(table))
        return 1;
#endif
    FreeContextBuffer(packages);
    table->FreeContextBuffer(same);
    return 0;
}
