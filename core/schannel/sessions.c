/*
 * What an initiator keeps for resumption, by target: the newest first, each ticket of TLS 1.3 used once (RFC 8446,
 * C.4).
 */
#include <string.h>

#include "account/fork_lock.h"
#include "base/memory.h"
#include "schannel/credential.h"

#define SESSIONS_MOST 64

struct kept_session {
    char *target;
    int verify_mode; /* a session that was never verified is not offered where the server shall be */
    SSL_SESSION *session;
};

struct schannel_sessions {
    struct kept_session rows[SESSIONS_MOST]; /* the newest last */
    size_t count;
    struct schannel_sessions *next, **link; /* all caches, for SslEmptyCache */
};

/* One lock for all: a handshake takes it three times for a moment. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct schannel_sessions *caches;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int target_index = -1;

static void enter(void)
{
    fork_lock_enter();
    pthread_mutex_lock(&lock);
}

static void leave(void)
{
    pthread_mutex_unlock(&lock);
    fork_lock_leave();
}

struct schannel_sessions *schannel_sessions_new(void)
{
    struct schannel_sessions *sessions = mem_zalloc(sizeof *sessions);

    if (!sessions)
        return NULL;
    enter();
    sessions->next = caches;
    sessions->link = &caches;
    if (caches)
        caches->link = &sessions->next;
    caches = sessions;
    leave();
    return sessions;
}

static void row_clear(struct kept_session *row)
{
    SSL_SESSION_free(row->session);
    mem_free(row->target);
    *row = (struct kept_session){0};
}

/* Takes a row out of the list, for the caller to own. */
static struct kept_session row_take(struct schannel_sessions *sessions, size_t place)
{
    struct kept_session row = sessions->rows[place];

    sessions->count--;
    memmove(&sessions->rows[place], &sessions->rows[place + 1], (sessions->count - place) * sizeof row);
    sessions->rows[sessions->count] = (struct kept_session){0};
    return row;
}

static void rows_forget(struct schannel_sessions *sessions, const char *target)
{
    for (size_t i = sessions->count; i-- > 0;) {
        struct kept_session row;

        if (target && strcmp(sessions->rows[i].target, target) != 0)
            continue;
        row = row_take(sessions, i);
        row_clear(&row);
    }
}

void schannel_sessions_free(struct schannel_sessions *sessions)
{
    if (!sessions)
        return;
    enter();
    *sessions->link = sessions->next;
    if (sessions->next)
        sessions->next->link = sessions->link;
    rows_forget(sessions, NULL);
    leave();
    mem_free(sessions);
}

void schannel_sessions_forget(const char *target)
{
    enter();
    for (struct schannel_sessions *cache = caches; cache; cache = cache->next)
        rows_forget(cache, target);
    leave();
}

void schannel_sessions_drop(struct schannel_sessions *sessions, const SSL *ssl)
{
    const char *target = target_index < 0 ? NULL : SSL_get_ex_data(ssl, target_index);

    if (!sessions || !target)
        return;
    enter();
    rows_forget(sessions, target);
    leave();
}

static void target_free(void *parent, void *target, CRYPTO_EX_DATA *data, int index, long number, void *argument)
{
    (void)parent, (void)data, (void)index, (void)number, (void)argument;
    mem_free(target);
}

static void index_make(void)
{
    target_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, target_free);
}

/* OpenSSL's callback for each session or ticket the server gives; 1: the reference to it is ours. */
static int session_keep(SSL *ssl, SSL_SESSION *session)
{
    struct schannel_sessions *sessions = schannel_credential_of(ssl)->sessions;
    struct kept_session row = {.verify_mode = SSL_get_verify_mode(ssl), .session = session};
    struct kept_session old = {0};
    const char *target = SSL_get_ex_data(ssl, target_index);

    row.target = target && SSL_SESSION_is_resumable(session) ? mem_strdup(target) : NULL;
    if (!row.target)
        return 0;
    schannel_resume_limit(session);
    enter();
    if (sessions->count == SESSIONS_MOST)
        old = row_take(sessions, 0);
    sessions->rows[sessions->count++] = row;
    leave();
    row_clear(&old);
    return 1;
}

void schannel_sessions_use(SSL_CTX *tls)
{
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(tls, session_keep);
}

/* Those whose time, or the server's certificate, is over. */
static void rows_expire(struct schannel_sessions *sessions)
{
    for (size_t i = sessions->count; i-- > 0;) {
        struct kept_session row;

        if (!schannel_resume_over(sessions->rows[i].session))
            continue;
        row = row_take(sessions, i);
        row_clear(&row);
    }
}

static SSL_SESSION *session_find(struct schannel_sessions *sessions, const char *target, int verify_mode)
{
    rows_expire(sessions);
    for (size_t i = sessions->count; i-- > 0;) {
        const struct kept_session *row = &sessions->rows[i];
        struct kept_session taken;

        if (row->verify_mode != verify_mode || strcmp(row->target, target) != 0)
            continue;
        if (SSL_SESSION_get_protocol_version(row->session) != TLS1_3_VERSION)
            return SSL_SESSION_up_ref(row->session) == 1 ? row->session : NULL;
        taken = row_take(sessions, i);
        mem_free(taken.target);
        return taken.session;
    }
    return NULL;
}

bool schannel_sessions_attach(struct schannel_sessions *sessions, SSL *ssl, const char *target)
{
    SSL_SESSION *session;
    char *copy;

    if (!sessions || !target || !*target)
        return true;
    pthread_once(&once, index_make);
    copy = mem_strdup(target);
    if (!copy || target_index < 0 || SSL_set_ex_data(ssl, target_index, copy) != 1) {
        mem_free(copy);
        return false;
    }
    enter();
    session = session_find(sessions, target, SSL_get_verify_mode(ssl));
    leave();
    if (session && SSL_set_session(ssl, session) != 1)
        SSL_set_session(ssl, NULL);
    SSL_SESSION_free(session);
    return true;
}
