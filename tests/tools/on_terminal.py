"""Runs a command on a terminal of its own: on_terminal.py ANSWER... -- COMMAND...

Types the next answer whenever the command has asked (its output ends in ": "), then prints all that the terminal
showed and exits as the command did. The answer ^C is that key. After the command the terminal must echo again.
"""

import os
import pty
import signal
import sys
import termios


def echoes(terminal: int) -> bool:
    """Whether what is typed there can be read."""
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def main() -> int:
    """Runs the command behind -- on a terminal and answers its prompts in turn."""
    split = sys.argv.index("--")
    answers = sys.argv[1:split]
    child, terminal = pty.fork()
    if child == 0:
        # What runs in the background of a script inherits an interrupt that is ignored.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execv(sys.argv[split + 1], sys.argv[split + 1 :])  # noqa: S606 the command is the test's own
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
        if shown.endswith(b": ") and answers:
            if echoes(terminal):
                print("the terminal echoes the password")
                return 99
            answer = answers.pop(0)
            os.write(terminal, b"\x03" if answer == "^C" else answer.encode() + b"\n")
    status = os.waitpid(child, 0)[1]
    sys.stdout.write(shown.decode())
    if os.WIFSIGNALED(status):
        return 128 + os.WTERMSIG(status)
    return os.WEXITSTATUS(status)


sys.exit(main())
