"""How errors read, by the source that prints them; ``GRAMMARS`` has them all."""

from msdoctor.utterances.grammar import Grammar
from msdoctor.utterances.grammars import (
    aggregator,
    apiserver,
    consumers,
    installers,
    kubelet,
    metrics_server,
    network,
    others,
    starting,
    tls,
)

GRAMMARS: tuple[Grammar, ...] = (
    *tls.GRAMMARS,
    *network.GRAMMARS,
    *apiserver.GRAMMARS,
    *aggregator.GRAMMARS,
    *metrics_server.GRAMMARS,
    *kubelet.GRAMMARS,
    *starting.GRAMMARS,
    *installers.GRAMMARS,
    *consumers.GRAMMARS,
    *others.GRAMMARS,
)
