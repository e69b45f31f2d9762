"""Training by several processes at once, one a GPU, as `accelerate launch` starts them."""

import os

import torch


def crew():
    """accelerate's view of the processes that train together; None where this one is alone."""
    if int(os.environ.get("WORLD_SIZE", 1)) == 1:
        return None
    try:
        from accelerate import Accelerator
    except ImportError as error:
        raise ValueError(
            "several processes train together by accelerate: install musiclime[train]"
        ) from error
    return Accelerator()


def leads(crew) -> bool:
    """Whether this process is the one that speaks and writes."""
    return crew is None or crew.is_main_process


def together(crew) -> None:
    """Wait until every process has come this far."""
    if crew:
        crew.wait_for_everyone()


def share(crew, rows):
    """The rows of a batch that fall to this process."""
    return rows if crew is None else rows[crew.process_index :: crew.num_processes]


def add_up(crew, network) -> None:
    """Make every gradient the sum over all processes: then all optimizers take the same step."""
    for weight in network.parameters() if crew else ():
        own = torch.zeros_like(weight) if weight.grad is None else weight.grad
        weight.grad = crew.reduce(own, "sum")


def total(crew, number: float, device) -> float:
    """The sum of a number over all processes."""
    return number if crew is None else crew.reduce(torch.tensor(number, device=device), "sum").item()
