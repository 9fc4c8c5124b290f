#include "trial.h"

/* Every member is the export of its name, in the order of the binary interface. */
#define IS(member) (table->member == (member))

Test(function_table, ansi)
{
    PSecurityFunctionTableA table = InitSecurityInterfaceA();

    cr_assert_eq(table->dwVersion, SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_5);
    cr_assert(IS(EnumerateSecurityPackagesA) && IS(QueryCredentialsAttributesA) && IS(AcquireCredentialsHandleA));
    cr_assert(IS(FreeCredentialsHandle) && IS(InitializeSecurityContextA) && IS(AcceptSecurityContext));
    cr_assert(IS(CompleteAuthToken) && IS(DeleteSecurityContext) && IS(ApplyControlToken));
    cr_assert(IS(QueryContextAttributesA) && IS(ImpersonateSecurityContext) && IS(RevertSecurityContext));
    cr_assert(IS(MakeSignature) && IS(VerifySignature) && IS(FreeContextBuffer));
    cr_assert(IS(QuerySecurityPackageInfoA) && IS(ExportSecurityContext) && IS(ImportSecurityContextA));
    cr_assert(IS(AddCredentialsA) && IS(QuerySecurityContextToken) && IS(EncryptMessage));
    cr_assert(IS(DecryptMessage) && IS(SetContextAttributesA) && IS(SetCredentialsAttributesA));
    cr_assert(IS(ChangeAccountPasswordA) && IS(QueryContextAttributesExA) && IS(QueryCredentialsAttributesExA));
    cr_assert_eq(table->Reserved3, __extension__(void *) EncryptMessage);
    cr_assert_eq(table->Reserved4, __extension__(void *) DecryptMessage);
    cr_assert(!table->Reserved2 && !table->Reserved8);
}

Test(function_table, wide)
{
    PSecurityFunctionTableW table = InitSecurityInterfaceW();

    cr_assert_eq(table->dwVersion, SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_5);
    cr_assert(IS(EnumerateSecurityPackagesW) && IS(QueryCredentialsAttributesW) && IS(AcquireCredentialsHandleW));
    cr_assert(IS(FreeCredentialsHandle) && IS(InitializeSecurityContextW) && IS(AcceptSecurityContext));
    cr_assert(IS(CompleteAuthToken) && IS(DeleteSecurityContext) && IS(ApplyControlToken));
    cr_assert(IS(QueryContextAttributesW) && IS(ImpersonateSecurityContext) && IS(RevertSecurityContext));
    cr_assert(IS(MakeSignature) && IS(VerifySignature) && IS(FreeContextBuffer));
    cr_assert(IS(QuerySecurityPackageInfoW) && IS(ExportSecurityContext) && IS(ImportSecurityContextW));
    cr_assert(IS(AddCredentialsW) && IS(QuerySecurityContextToken) && IS(EncryptMessage));
    cr_assert(IS(DecryptMessage) && IS(SetContextAttributesW) && IS(SetCredentialsAttributesW));
    cr_assert(IS(ChangeAccountPasswordW) && IS(QueryContextAttributesExW) && IS(QueryCredentialsAttributesExW));
    cr_assert_eq(table->Reserved3, __extension__(void *) EncryptMessage);
    cr_assert_eq(table->Reserved4, __extension__(void *) DecryptMessage);
    cr_assert(!table->Reserved2 && !table->Reserved8);
}
