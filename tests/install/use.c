/*
 * A stranger's program: lists the packages, once by name and once through the function table. Also as C++.
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
    FreeContextBuffer(packages);
    table->FreeContextBuffer(same);
    return 0;
}
