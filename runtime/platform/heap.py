"""What long-lived processes tell the garbage collector."""

import gc

GC_THRESHOLDS = (50_000, 20, 20)


def settle_heap() -> None:
    """Let it leave alone what stays for ever, and come less often: a batch or a group is many small objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
