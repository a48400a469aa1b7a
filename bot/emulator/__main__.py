"""`python -m bot.emulator`: serve until SIGTERM or SIGINT; the first line says where, and with which token."""

import argparse
import asyncio
import gc
import json
import signal
import sys

from bot.emulator.server import TOKEN, Emulator, is_loopback


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bot.emulator", description=__doc__)
    parser.add_argument("--host", type=_host, default="127.0.0.1", help="loopback only")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--token", default=TOKEN, help="the token to accept")
    parser.add_argument("--json", action="store_true", help="first line as JSON: base_url and token")
    parser.add_argument("--latency", type=float, default=0.0, metavar="MS", help="added to every call")
    parser.add_argument("--limit", type=int, metavar="N", help="refuse message N+1 within any second")
    parser.add_argument("--answer-within", type=float, metavar="S", help="how long a tap can be answered")
    parser.add_argument("--seed", type=int, default=0, help="for faults with a share")
    parser.add_argument("--no-history", action="store_true", help="count only, for load")
    return parser


def _host(name: str) -> str:
    if not is_loopback(name):
        raise argparse.ArgumentTypeError("the emulator listens on loopback only")
    return name


async def serve(chosen: argparse.Namespace) -> None:
    """Run until told to stop."""
    emulator = Emulator(
        token=chosen.token,
        limit=chosen.limit,
        latency=chosen.latency / 1000,
        answer_within=chosen.answer_within,
        keep_history=not chosen.no_history,
        seed=chosen.seed,
    )
    # Under load everything lives on; looking for garbage every 700 objects would cost a third of the time.
    gc.set_threshold(100_000, 50, 100)
    stopped = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    await emulator.start(chosen.port, chosen.host)
    where = {"base_url": emulator.base_url, "token": emulator.token}
    line = json.dumps(where) if chosen.json else f"Bot API at {emulator.base_url}, token {emulator.token}"
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
    await stopped.wait()
    await emulator.stop()


def main() -> None:
    """Parse the command line and serve."""
    parser = options()
    chosen = parser.parse_args()
    try:
        asyncio.run(serve(chosen))
    except (OSError, OverflowError, ValueError) as mistake:
        sys.exit(f"{parser.prog}: {mistake}")


if __name__ == "__main__":
    main()
