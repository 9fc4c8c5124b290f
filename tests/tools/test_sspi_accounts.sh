#!/bin/bash
# sspi-accounts as a person uses it: test_sspi_accounts.sh PROGRAM. Ends with "N passed, N failed".
# shellcheck disable=SC2181
shopt -s lastpipe # `... | run` counts in this shell
tool=$1
here=$(cd "$(dirname "$0")" && pwd)
[ -x "$tool" ] || { echo "no program $tool"; echo "0 passed, 1 failed"; exit 1; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset SSPI_ACCOUNT_STORE SSPI_LOCKOUT_THRESHOLD
printf '[sspi]\n' > none.conf
export SSPI_CONFIG=$work/none.conf
passed=0
failed=0
name=

begin() { name=$1; }

check() { # check WHAT COMMAND...: the command must succeed
    local what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $name: $what"
        [ -s out ] && sed 's/^/    out: /' out
        [ -s err ] && sed 's/^/    err: /' err
    fi
}

# run STATUS ARGUMENT...: what comes on standard input goes to the program; out and err are kept.
run() {
    local want=$1 got
    shift
    "$tool" "$@" > out 2> err
    got=$?
    check "exit status $got of: $* (expected $want)" [ "$got" -eq "$want" ]
}

says() { check "standard error says: $1" grep -qF -- "$1" err; }
shows() { check "standard output shows: $1" grep -qxF -- "$1" out; }
silent() { check "nothing on standard error" [ ! -s err ]; }
one_sentence() { check "one line of explanation" [ "$(wc -l < err)" -eq 1 ]; }
hash_of() { # the NT hash in the database
    sqlite3 "$1" "SELECT hex(value) FROM account JOIN account_key USING (account_id) WHERE user = '$2'"
}
mode_of() { stat -c %a "$1"; }

begin "help"
run 0 --help < /dev/null
check "usage first" grep -q '^Usage: sspi-accounts' out
silent
for command in create add password disable enable remove list import; do
    check "names $command" grep -q "^  $command " out
done
check "at most 80 columns" [ "$(wc -L < out)" -le 80 ]
run 0 --version < /dev/null
check "a version" grep -Eq '^sspi-accounts [0-9]+\.[0-9]+' out

begin "wrong usage"
run 2 < /dev/null
says "a command is missing"
run 2 -s a.db bogus < /dev/null
says "there is no command: bogus"
run 2 -s a.db add < /dev/null
says "USER"
run 2 -s a.db list alice < /dev/null
run 2 -s a.db add alice bob < /dev/null
run 2 -s a.db --bogus list < /dev/null
run 2 -s a.db --password-stdin list < /dev/null
run 2 -s a.db --group x remove alice < /dev/null
run 2 -s a.db -d EX list < /dev/null
run 2 -s a.db -d EX --password-stdin add 'EX\alice' < /dev/null
check "made no file" [ ! -e a.db ]

begin "add"
(umask 000 && printf 'Passw0rd\n' | "$tool" -s a.db --password-stdin add alice) > out 2> err
check "works" [ $? -eq 0 ]
silent
check "mode 0600 under umask 000" [ "$(mode_of a.db)" = 600 ]
check "the hash is that of the password" [ "$(hash_of a.db alice)" = A87F3A337D73085C45F9416BE5787D86 ]
check "the password is not in the file" sh -c '! grep -q Passw0rd a.db'
printf 'Passw0rd\r\nmore\n' | run 0 -s sqlite:a.db --password-stdin add 'EX\bob'
check "one line, its end cut" [ "$(hash_of a.db bob)" = A87F3A337D73085C45F9416BE5787D86 ]
printf 'Passw0rd' | run 0 -s a.db -d EX --password-stdin add carol
check "no line end needed" [ "$(hash_of a.db carol)" = A87F3A337D73085C45F9416BE5787D86 ]
printf 'x\n' | run 3 -s a.db --password-stdin add ALICE
says "is there already"
one_sentence
printf '\n' | run 1 -s a.db --password-stdin add dave
says "the password is empty"
printf 'a\0b\n' | run 1 -s a.db --password-stdin add dave
printf '\xff\n' | run 1 -s a.db --password-stdin add dave
says "not UTF-8"
head -c 5000 /dev/zero | tr '\0' a | run 1 -s a.db --password-stdin add dave
says "longer than 4096"
head -c 4096 /dev/zero | tr '\0' a | run 0 -s a.db --password-stdin add longest
run 0 -s a.db remove longest < /dev/null
printf 'x\n' | run 1 -s a.db --password-stdin add ''
setsid "$tool" -s a.db add dave < /dev/null > out 2> err
check "fails without a terminal" [ $? -eq 1 ]
says "--password-stdin"

begin "list"
run 0 -s a.db list < /dev/null
shows 'alice'
shows 'EX\bob'
shows 'EX\carol'
check "nobody else" [ "$(wc -l < out)" -eq 3 ]
check "sorted" [ "$(head -1 out)" = alice ]
"$tool" -s a.db list > /dev/full 2> err < /dev/null
check "a full disk is told" [ $? -eq 1 ]

begin "disable, enable, password"
run 0 -s a.db disable 'ex\BOB' < /dev/null
run 0 -s a.db list < /dev/null
shows "$(printf 'EX\\bob\tdisabled')"
printf 'other\n' | run 0 -s a.db --password-stdin password 'EX\bob'
check "another hash" [ "$(hash_of a.db bob)" != A87F3A337D73085C45F9416BE5787D86 ]
run 0 -s a.db list < /dev/null
shows "$(printf 'EX\\bob\tdisabled')"
run 0 -s a.db enable -d EX bob < /dev/null
run 0 -s a.db list < /dev/null
shows 'EX\bob'
run 3 -s a.db disable bob < /dev/null
says "there is no account bob"
one_sentence
printf 'x\n' | run 3 -s a.db --password-stdin password nobody

begin "locked accounts"
sqlite3 a.db "INSERT OR REPLACE INTO login_failure SELECT account_id, 9, (strftime('%s', 'now') + 11644473600) * 10000000
    FROM account WHERE user = 'carol'"
SSPI_LOCKOUT_THRESHOLD=3 run 0 -s a.db list < /dev/null
shows "$(printf 'EX\\carol\tlocked')"
run 0 -s a.db enable 'EX\carol' < /dev/null
SSPI_LOCKOUT_THRESHOLD=3 run 0 -s a.db list < /dev/null
shows 'EX\carol'

begin "a backslash in a name"
printf 'x\n' | run 1 -s a.db --password-stdin add 'EX\dev\root'
says "backslash"

begin "remove"
run 0 -s a.db remove 'EX\carol' < /dev/null
run 3 -s a.db remove 'EX\carol' < /dev/null
run 0 -s a.db list < /dev/null
check "two are left" [ "$(wc -l < out)" -eq 2 ]

begin "import"
(umask 077 && printf 'EX:erin:Passw0rd\n:frank:Passw0rd\n' > users &&
    printf 'smb:7:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:A87F3A337D73085C45F9416BE5787D86:[UD         ]:LCT-65920080:\n' > smb)
run 0 -s new.db import ntlm-user-file:users < /dev/null
shows '2 accounts imported'
run 0 -s ntlm-user-file:users list < /dev/null
shows 'EX\erin'
check "mode 0600" [ "$(mode_of new.db)" = 600 ]
run 0 -s new.db import smbpasswd:smb < /dev/null
run 0 -s new.db import a.db < /dev/null
run 0 -s new.db list < /dev/null
shows 'EX\erin'
shows "$(printf 'smb\tdisabled')"
check "all five" [ "$(wc -l < out)" -eq 5 ]
check "the hash came along" [ "$(hash_of new.db smb)" = A87F3A337D73085C45F9416BE5787D86 ]
printf 'EX:gina:Passw0rd\nEX:broken\n' > users
run 1 -s new.db import ntlm-user-file:users < /dev/null
says "line 2"
one_sentence
run 0 -s new.db list < /dev/null
check "none of a broken file" [ "$(wc -l < out)" -eq 5 ]

begin "files that are not trusted"
chmod 644 a.db
run 1 -s a.db list < /dev/null
says "$work/a.db"
says "chmod 600"
one_sentence
chmod 600 a.db
ln -s a.db link.db
run 1 -s link.db list < /dev/null
says "symbolic link"
run 1 -s absent.db list < /dev/null
says "$work/absent.db: No such file"
printf 'no database at all, but long enough to be looked at as one, if one were to look at it. %0512d' 1 > text.db
chmod 600 text.db
run 1 -s text.db list < /dev/null
says "$work/text.db"
printf 'x\n' | run 1 -s ntlm-user-file:users --password-stdin add x
mkdir open && chmod 777 open
printf 'x\n' | run 1 -s open/a.db --password-stdin add x
says "everybody may write into its folder"
check "left nothing behind" [ ! -e open/a.db ]

begin "the configured store"
run 1 list < /dev/null
says "SSPI_ACCOUNT_STORE"
one_sentence
SSPI_ACCOUNT_STORE=a.db run 0 list < /dev/null
shows alice
printf '[sspi]\n account_store = sqlite:%s/new.db\n' "$work" > some.conf
SSPI_CONFIG=$work/some.conf SSPI_ACCOUNT_STORE=a.db run 0 list < /dev/null
shows 'EX\erin'
SSPI_CONFIG=$work/missing.conf run 1 list < /dev/null
says "missing.conf"

begin "a service group"
group=$(id -gn)
(umask 077 && printf 'x\n' | "$tool" -s group.db --group "$group" --password-stdin add alice) > out 2> err
check "works" [ $? -eq 0 ]
check "mode 0640" [ "$(mode_of group.db)" = 640 ]
check "of the group" [ "$(stat -c %G group.db)" = "$group" ]
run 0 -s group.db list < /dev/null
run 1 -s group2.db --group no-such-group create < /dev/null
says "there is no group no-such-group"
run 0 -s empty.db create < /dev/null
run 0 -s empty.db list < /dev/null
check "is empty" [ ! -s out ]
run 2 --group "$group" create < /dev/null

begin "the prompt"
ask() { # ask STATUS ANSWER... -- ARGUMENT...
    local want=$1 got
    shift
    : > err
    python3 "$here/on_terminal.py" "$@" > out 2>&1
    got=$?
    check "exit status $got (expected $want)" [ "$got" -eq "$want" ]
    check "the password was not shown" sh -c '! grep -q Secret out'
}
ask 0 Secret-1 Secret-1 -- "$tool" -s a.db add typed
check "asks for whom" grep -q '^Password for typed: ' out
check "stored it" [ -n "$(hash_of a.db typed)" ]
ask 1 Secret-1 Secret-2 -- "$tool" -s a.db add mistyped
check "says so" grep -q 'the two passwords differ' out
ask 130 '^C' -- "$tool" -s a.db add broken
check "stored neither" [ -z "$(hash_of a.db mistyped)$(hash_of a.db broken)" ]

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
