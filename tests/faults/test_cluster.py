"""One trial of the campaign's cluster with the tests; `make faults ONLY=RABBIT` runs more."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import USERS, absent
from tests.faults.cluster_trial import kill_the_leader
from tests.services.cluster import Cluster
from tests.services.server import ServiceAbsent


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    try:
        made = Cluster(USERS)
    except (ServiceAbsent, FileNotFoundError) as error:
        absent(str(error))
    try:
        made.start()
        yield made
    except ServiceAbsent as error:
        absent(str(error))
    finally:
        made.close()


@pytest.mark.timeout(300)
def test_the_leader_is_killed_and_nothing_acknowledged_is_lost(
    cluster: Cluster, tmp_path: Path
) -> None:
    kill_the_leader(cluster, tmp_path, 600, random.Random(20261122))
