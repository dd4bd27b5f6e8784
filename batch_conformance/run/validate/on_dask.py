"""Recorded traffic read on a Dask cluster: a task for each part, and the recordings added up in their order."""

from __future__ import annotations

from collections.abc import Callable

from batch_conformance.input_error import InputError
from batch_conformance.message import Template
from batch_conformance.recorded.inferred_probe import InferredProbe
from batch_conformance.recorded.recording import Recording
from batch_conformance.recorded.serialization import pack_inferred, read_parts, unpack
from batch_conformance.recorded.source import STDIN, Part
from batch_conformance.recorded.source_error import SourceError

_CLUSTER_CANNOT_READ_STDIN_SAVE = Template(
    "dask.cluster_cannot_read_stdin_save", "a cluster cannot read stdin: save it, and give the file"
)
_DASK_NEEDS_DASK_INSTALL_BATCH = Template(
    "dask.dask_needs_dask_install_batch", "--dask needs Dask: install batch-conformance[dask]"
)
_NO_DASK_SCHEDULER_ANSWERS_AT = Template(
    "dask.no_dask_scheduler_answers_at", "no Dask scheduler answers at {address}: {reason}"
)

LOCAL = "local"
"""The address that stands for a cluster on this machine."""

_RETRIES = 3
"""How often a task is done again whose worker was lost."""


class ClusterError(InputError):
    """A cluster that cannot be used; one line says why and what to do."""


def read_on_cluster(
    parts: list[Part], inferred: InferredProbe, address: str, advance: Callable[[int, int], None]
) -> Recording:
    """Read the parts on the cluster at an address, or on one of this machine.

    Every worker has to find the files under the names given here. A part is read again where its worker is lost.
    Raises ``ClusterError`` with one line where there is no cluster, and ``SourceError`` for what cannot be read.
    """
    if any(part.path == STDIN for part in parts):
        raise ClusterError(_CLUSTER_CANNOT_READ_STDIN_SAVE())
    try:
        from distributed import Client, LocalCluster  # noqa: PLC0415 - an extra
    except ImportError:
        raise ClusterError(_DASK_NEEDS_DASK_INSTALL_BATCH()) from None
    whole = Recording(inferred)
    try:
        cluster = LocalCluster(dashboard_address=None) if address == LOCAL else None
        client = Client(cluster or address, timeout=30)
    except (OSError, ValueError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ClusterError(_NO_DASK_SCHEDULER_ANSWERS_AT(address=str(address), reason=str(reason))) from None
    try:
        packed = client.scatter(pack_inferred(inferred), broadcast=True, hash=False)
        tasks = [client.submit(read_parts, [part], packed, pure=False, retries=_RETRIES) for part in parts]
        for part, task in zip(parts, tasks, strict=True):
            data, problem = task.result()
            if problem is not None:
                raise SourceError(problem)
            later = unpack(data, inferred.urls.contract)
            advance(part.size, later.judged)
            whole.update(later)
            task.release()
    finally:
        client.close()
        if cluster is not None:
            cluster.close()
    return whole
