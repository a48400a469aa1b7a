"""`accord prove`: the command line of the proofs."""

import sys
from pathlib import Path

import click

from bot.cli_options import Cannot


@click.command()
@click.argument("rows", nargs=-1)
@click.option("--quick", is_flag=True, help="A little of each: under 40 seconds.")
@click.option("--soak", type=float, metavar="HOURS", help="Go on with new seeds for so many hours.")
@click.option("--seed", type=click.IntRange(0), help="The first seed; without it a new one, which is printed.")
@click.option("--size", type=click.IntRange(1), help="How much of each row, in its own unit.")
@click.option("--jobs", type=click.IntRange(1, 64), help="How many at once; without it as many as there are cores.")
@click.option("--planted", is_flag=True, help="Plant faults in copies of the program; each must be found.")
@click.option("--list", "only_list", is_flag=True, help="Say what there is, and do nothing.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write the page here, .txt and .html.")
def prove(
    rows: tuple[str, ...],
    quick: bool,
    soak: float | None,
    seed: int | None,
    size: int | None,
    jobs: int | None,
    planted: bool,
    only_list: bool,
    out: Path | None,
) -> None:
    """Show on this machine what holds under how many faults. Nothing of a real clinic is touched.

    Name rows (R1, R4…) to run only these. Exit code 1: something did not hold.
    """
    from bot.prove.main import Asked, CannotProve, list_rows, new_seed, plant, prove_rows

    if only_list:
        list_rows()
        return
    asked = Asked(rows, quick, soak, new_seed() if seed is None else seed, size, jobs, out)
    try:
        sys.exit(plant(asked) if planted else prove_rows(asked))
    except CannotProve as why:
        raise Cannot(str(why)) from None
