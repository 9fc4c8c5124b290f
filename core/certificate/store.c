/*
 * Stores of certificates: a list under a lock, found through the table of living objects.
 */
#include "certificate/store.h"

#include "base/live.h"
#include "base/memory.h"

struct certificate_store *certificate_store_new(void)
{
    struct certificate_store *store = mem_zalloc(sizeof *store);

    if (!store)
        return NULL;
    if (!live_add(store, LIVE_STORE)) {
        mem_free(store);
        return NULL;
    }
    pthread_mutex_init(&store->lock, NULL);
    return store;
}

static void destroy(struct certificate_store *store)
{
    for (size_t i = 0; i < store->count; i++)
        certificate_release(store->rows[i]);
    pthread_mutex_destroy(&store->lock);
    mem_free(store->rows);
    mem_free(store);
}

struct certificate_store *certificate_store_hold(HCERTSTORE handle)
{
    return live_hold(handle, LIVE_STORE) ? handle : NULL;
}

void certificate_store_release(struct certificate_store *store)
{
    bool last;

    if (live_drop(store, LIVE_STORE, &last) && last)
        destroy(store);
}

bool certificate_store_close(HCERTSTORE handle)
{
    bool last;

    if (!live_drop(handle, LIVE_STORE, &last))
        return false;
    if (last)
        destroy(handle);
    return true;
}

bool certificate_store_add(struct certificate_store *store, struct certificate *certificate)
{
    struct certificate **longer;
    bool added = false;

    pthread_mutex_lock(&store->lock);
    longer = mem_array(store->count + 1, sizeof(struct certificate *));
    if (longer) {
        for (size_t i = 0; i < store->count; i++)
            longer[i] = store->rows[i];
        longer[store->count++] = certificate_retain(certificate);
        mem_free(store->rows);
        store->rows = longer;
        added = true;
    }
    pthread_mutex_unlock(&store->lock);
    return added;
}

struct certificate *certificate_store_find(struct certificate_store *store, certificate_wanted *wanted,
                                           const void *argument, size_t *index)
{
    struct certificate *found = NULL;

    pthread_mutex_lock(&store->lock);
    for (; *index < store->count && !found; ++*index)
        if (!wanted || wanted(store->rows[*index], argument))
            found = certificate_retain(store->rows[*index]);
    pthread_mutex_unlock(&store->lock);
    if (found)
        --*index;
    return found;
}

bool certificate_store_index(struct certificate_store *store, const struct certificate *certificate, size_t *index)
{
    bool found = false;

    pthread_mutex_lock(&store->lock);
    for (*index = 0; *index < store->count; ++*index) {
        found = store->rows[*index] == certificate;
        if (found)
            break;
    }
    pthread_mutex_unlock(&store->lock);
    return found;
}

static SECURITY_STATUS attach_one(struct certificate_store *store, X509 *x509)
{
    struct certificate *made;
    SECURITY_STATUS status = certificate_new(x509, NULL, NULL, NULL, &made, NULL);

    if (status != SEC_E_OK)
        return status;
    made->context.hCertStore = store;
    if (!certificate_store_add(store, made))
        status = SEC_E_INSUFFICIENT_MEMORY;
    certificate_release(made);
    return status;
}

SECURITY_STATUS certificate_store_attach(struct certificate *certificate)
{
    struct certificate_store *store = certificate_store_new();
    SECURITY_STATUS status;

    if (!store)
        return SEC_E_INSUFFICIENT_MEMORY;
    status = attach_one(store, certificate->x509);
    for (int i = 0; i < sk_X509_num(certificate->chain) && status == SEC_E_OK; i++)
        status = attach_one(store, sk_X509_value(certificate->chain, i));
    if (status != SEC_E_OK) {
        certificate_store_release(store);
        return status;
    }
    certificate->store = store;
    certificate->context.hCertStore = store;
    return SEC_E_OK;
}
